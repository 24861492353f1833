"""Quantizers put into an exported fp32 graph, at the inputs of layers, with ranges that are known from training."""

import numpy as np
import paddle

from ...export.program import static_mode
from ..quantizers import INPUTS, layer_name, layers, tensor, weight_of
from .rounding import LEVELS, int8_weight

# along which axis of the weight the output channels lie; of the others, matrix products and transposed, it is 1
CHANNEL_AXIS = {"conv2d": 0, "depthwise_conv2d": 0}


def readers(graph):
    """[(layer path, operator)] of what can compute in int8, in the order of execution; a shared layer comes again."""
    block = graph.program.global_block()
    return [(layer_name(op), op) for op in graph.ops
            if op.type in INPUTS and block.var(weight_of(op)).persistable]


def owners(graph):
    """{layer path: path of the first layer that has to have the same range}.

    Layers that read the same tensor share its range, and so do the tensors that one layer reads.
    """
    owner, by_tensor = {}, {}
    for layer, op in readers(graph):
        mine = owner.setdefault(layer, layer)
        other = by_tensor.setdefault(op.input(INPUTS[op.type])[0], mine)
        if other != mine:
            first = next(name for name in owner if name in (mine, other))
            for known in (owner, by_tensor):
                known.update({key: first for key, value in known.items() if value in (mine, other)})
    return owner


def quantize_graph(graph, ranges):
    """Put int8 quantizers into an fp32 Graph, in place: at input and weight of each layer of {layer path: range}.

    The result is of the form that PaddleSlim writes, which oneDNN and Paddle Lite read.
    """
    with static_mode(graph.scope):
        inserted = _Inserted(graph)
        for layer, op in readers(graph):
            if layer in ranges:
                op._set_attr("quantization_type", "qat_with_weight")
                op.desc._rename_input(op.input(INPUTS[op.type])[0], inserted.input(op, ranges[layer]))
                op.desc._rename_input(weight_of(op), inserted.weight(op))
        graph.program.global_block()._sync_with_cpp()
    return graph


def branch(graph, ranges):
    """Put beside each layer of {layer path: range} of an fp32 Graph its like in int8, in place.

    Both read the same, so that what differs is the layer's own noise. Returns {layer path: variable that it computes}.
    """
    found = {}
    with static_mode(graph.scope):
        inserted = _Inserted(graph)
        for layer, op in layers(graph).items():
            if layer in ranges:
                found[layer] = inserted.copy(op, ranges[layer])
        graph.program.global_block()._sync_with_cpp()
    return found


class _Inserted:
    """The quantizers of a Graph so far; each tensor is rounded once for all its readers."""

    def __init__(self, graph):
        self.graph, self.block, self.done = graph, graph.program.global_block(), {}

    def input(self, op, limit):
        """The name of the rounded input of an operator."""
        name = op.input(INPUTS[op.type])[0]
        if name not in self.done:
            scale = self.constant(f"{name}@scale", np.float32([limit]))
            zero = self.constant(f"{name}@zero_point", np.int32([0]))
            rounded = self.insert(op, "quantize_linear", name, f"{name}.quantized", scale, zero, -1)
            self.done[name] = self.insert(op, "dequantize_linear", rounded, f"{name}.quantized.dequantized", scale,
                                          zero, -1)
        return self.done[name]

    def weight(self, op):
        """The name of the rounded weight of an operator, which is stored in int8 from now on."""
        name, axis = weight_of(op), CHANNEL_AXIS.get(op.type, 1)
        if name not in self.done:
            values, limits = int8_weight(np.array(tensor(self.graph, name)), axis)
            tensor(self.graph, name).set(values, paddle.CPUPlace())
            scale = self.constant(f"{name}@scale", limits)
            zero = self.constant(f"{name}@zero_point", np.zeros(len(limits), np.int32))
            self.done[name] = self.insert(op, "dequantize_linear", name, f"{name}.quantized.dequantized", scale, zero,
                                          axis)
        return self.done[name]

    def copy(self, op, limit):
        """The name of the output of a second operator, on the rounded input and weight of an operator."""
        weight, block = weight_of(op), self.block
        values, limits = int8_weight(np.array(tensor(self.graph, weight)), CHANNEL_AXIS.get(op.type, 1))
        shape = np.ones(values.ndim, int)
        shape[CHANNEL_AXIS.get(op.type, 1)] = -1
        rounded = values * (limits.reshape(shape) / np.float32(LEVELS))
        renamed = {op.input(INPUTS[op.type])[0]: self.input(op, limit),
                   weight: self.constant(f"{weight}.rounded", rounded)}
        inputs = {slot: [renamed.get(name, name) for name in op.input(slot)] for slot in op.input_names}
        out = op.output_arg_names[0]
        block.create_var(name=f"{out}.int8", shape=block.var(out).shape, dtype="float32")
        block._insert_op(block.ops.index(op) + 1, type=op.type, inputs=inputs, attrs=op.all_attrs(),
                         outputs={op.output_names[0]: [f"{out}.int8"]})
        return f"{out}.int8"

    def constant(self, name, values):
        """The name of a new variable that is saved with the graph."""
        self.block.create_var(name=name, shape=list(values.shape), dtype=str(values.dtype), persistable=True,
                              stop_gradient=True)
        self.graph.scope.var(name).get_tensor().set(values, paddle.CPUPlace())
        return name

    def insert(self, op, kind, source, out, scale, zero, axis):
        """Insert a quantizer before an operator; the name of its output."""
        self.block.create_var(name=out, shape=self.block.var(source).shape, dtype="float32")
        inputs = {"X": [source], "Scale": [scale], "ZeroPoint": [zero]}
        self.block._insert_op(self.block.ops.index(op), type=kind, inputs=inputs, outputs={"Y": [out]},
                              attrs={"quant_axis": axis, "bit_length": 8})
        return out
