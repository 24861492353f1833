"""Surgery on quantized Paddle graphs: which layers compute in int8, and with what range of their input.

PaddleSlim puts a quantizer behind every operator. Only those at the inputs of convolutions and matrix products compute
anything: the others carry `only_observer`, with which the plain executor passes values through. oneDNN takes their
scales all the same, and Paddle Lite skips them between convolution and batch norm, so three runtimes would compute
three different nets.
"""

import numpy as np
import paddle

from ..export.program import layer_path

# operators that can compute in int8, and the slots of their input and their weight
INPUTS = {"conv2d": "Input", "depthwise_conv2d": "Input", "conv2d_transpose": "Input", "matmul_v2": "X", "matmul": "X",
          "mul": "X"}
WEIGHTS = {"conv2d": "Filter", "depthwise_conv2d": "Filter", "conv2d_transpose": "Filter"}  # of the others: Y
QUANTIZERS = ("quantize_linear", "dequantize_linear")


def layers(graph):
    """{layer path: operator} of what can compute in int8 in an fp32 Graph, in the order of execution."""
    block = graph.program.global_block()
    found = {}
    for op in graph.ops:
        if op.type in INPUTS and block.var(weight_of(op)).persistable:
            found[layer_name(op)] = op
    return found


def gates(graph):
    """The layers of squeeze-and-excitation in an fp32 Graph: 1x1 maps that are multiplied with larger ones."""
    block, makers = graph.program.global_block(), _makers(graph)
    found, seen = set(), set()
    open_ends = [name for op in graph.ops if op.type == "elementwise_mul" for name in _smaller(op, block)]
    while open_ends:
        name = open_ends.pop()
        op = makers.get(name)
        if op is None or name in seen:
            continue
        seen.add(name)
        if op.type in INPUTS:
            found.add(layer_name(op))
        open_ends += [source for source in op.input_arg_names if _is_point(block, source)]
    return found


def keep_only(graph, fp32, chosen):
    """Take all quantizers out of a quantized Graph but those of the layers `chosen`; returns it, changed in place.

    fp32: the Graph before quantization, where the weights of the other layers come from.
    """
    block, makers = graph.program.global_block(), _makers(graph)
    for op in graph.ops:
        if op.type in QUANTIZERS or (op.type in INPUTS and layer_name(op) in chosen):
            continue
        for name in op.input_arg_names:
            dequantizer = makers.get(name)
            if dequantizer is not None and dequantizer.type == "dequantize_linear":
                op.desc._rename_input(name, _original(dequantizer, makers, block, graph, fp32))
    _remove_unused(block)
    return graph


def scales(graph):
    """{layer path: range of its input} of the quantized layers of a Graph that `keep_only` has cleaned, or not yet."""
    return {layer: float(np.array(tensor(graph, name)).reshape(-1)[0]) for layer, name in _scale_names(graph).items()}


def set_scales(graph, values):
    """Give layers of a quantized Graph other ranges: {layer path: range}; those that are not quantized are passed over.

    Layers that read the same tensor share its range, that of the first of them. Returns {layer path: whose it has}.
    """
    names, owners = _scale_names(graph), {}
    for layer in (layer for layer in values if layer in names):
        if names[layer] not in owners:
            owners[names[layer]] = layer
            holder = tensor(graph, names[layer])
            old = np.array(holder)
            holder.set(np.full(old.shape, values[layer], old.dtype), paddle.CPUPlace())
    return {layer: owners[names[layer]] for layer in values if layer in names}


def weight_of(op):
    """The name of the weight of an operator of INPUTS."""
    return op.input(WEIGHTS.get(op.type, "Y"))[0]


def layer_name(op):
    """A layer's path, or what it computes where the path is unknown."""
    return layer_path(op) or op.output_arg_names[0]


def _makers(graph):
    """{variable: the operator that computes it}."""
    return {name: op for op in graph.ops for name in op.output_arg_names}


def _smaller(op, block):
    """The inputs of a product that are 1x1 maps while another is not."""
    points = [name for name in op.input_arg_names if _is_point(block, name)]
    return points if len(points) < len(op.input_arg_names) else []


def _is_point(block, name):
    """Whether a variable is an (N, C, 1, 1) map that was computed."""
    variable = block.var(name)
    return not variable.persistable and len(variable.shape) == 4 and tuple(variable.shape[2:]) == (1, 1)


def _original(dequantizer, makers, block, graph, fp32):
    """The variable before quantization that a dequantizer stands for; a weight gets its fp32 values back."""
    source = dequantizer.input("X")[0]
    if source in makers:  # of an activation, there is a quantizer before it
        return makers[source].input("X")[0]
    weight = np.array(tensor(fp32, source))
    tensor(graph, source).set(weight, paddle.CPUPlace())
    block.var(source).desc.set_dtype(paddle.base.core.VarDesc.VarType.FP32)
    return source


def _remove_unused(block):
    """Take out quantizers that nothing reads, and then variables that nobody knows."""
    while True:
        read = {name for op in block.ops for name in op.input_arg_names}
        dead = [i for i, op in enumerate(block.ops) if op.type in QUANTIZERS and op.output("Y")[0] not in read]
        if not dead:
            break
        for index in reversed(dead):
            block._remove_op(index, sync=False)
        block._sync_with_cpp()
    used = {name for op in block.ops for name in (*op.input_arg_names, *op.output_arg_names)}
    for name in set(block.vars) - used:
        block._remove_var(name, sync=False)
    block._sync_with_cpp()


def _scale_names(graph):
    """{layer path: variable that holds the range of its input}."""
    makers, found = _makers(graph), {}
    for op in graph.ops:
        maker = makers.get(op.input(INPUTS[op.type])[0]) if op.type in INPUTS else None
        if maker is not None and maker.type == "dequantize_linear":
            found[layer_name(op)] = maker.input("Scale")[0]
    return found


def tensor(graph, name):
    """The tensor of a variable of a Graph."""
    return graph.scope.find_var(name).get_tensor()
