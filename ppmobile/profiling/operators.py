"""The operators of an exported graph: the layer each belongs to, its kind, shapes, MACs and parameters."""

from typing import NamedTuple, Optional

import numpy as np

from ..export.program import layer_path, run_graph

CONVOLUTIONS = ("conv2d", "depthwise_conv2d")
TRANSPOSED = ("conv2d_transpose", "depthwise_conv2d_transpose")
LINEAR = ("matmul_v2", "matmul", "mul")
BINARY = {"elementwise_add": "add", "elementwise_sub": "sub", "elementwise_mul": "mul", "elementwise_div": "div"}
ACTIVATIONS = ("relu", "relu6", "hard_swish", "hard_sigmoid", "sigmoid", "swish", "silu", "clip", "leaky_relu")
EXCITE = "excite"  # how every backbone here calls its squeeze-and-excite
GROUPS = ("depthwise", "pointwise", "convolution", "linear", "squeeze-and-excite", "other")
# what graphs of simulated int8 have between the layers; the real runtime takes them into the layers
QUANTIZERS = ("quantize_linear", "dequantize_linear")


class Operator(NamedTuple):
    """One operator. path: of its layer, "" outside of all. kind: for people, such as "depthwise 5x5".

    group: what sums are made of, one of GROUPS. key: (oneDNN's kind, sizes), by which oneDNN's report is searched;
    None for what is no primitive of its own. macs: of one picture. params: trainable numbers first used here.
    """

    path: str
    kind: str
    group: str
    key: Optional[tuple]
    macs: int
    params: int


def operators(graph, image_shape):
    """The list of Operators of a Graph (export/program.py), in the order of execution.

    image_shape: (N, 3, H, W) of the input; sizes that the graph leaves open are found by running it once.
    """
    sizes, seen = _Sizes(graph, image_shape), set()
    ops = [op for op in graph.ops if op.type not in QUANTIZERS]
    return [_operator(op, sizes, image_shape[0], seen) for op in ops]


def totals(ops):
    """{layer path: (MACs, parameters)} of Operators, without the layers that have neither."""
    found = {}
    for op in ops:
        if op.macs or op.params:
            macs, params = found.get(op.path, (0, 0))
            found[op.path] = macs + op.macs, params + op.params
    return found


def _operator(op, sizes, batch, seen):
    path, params = layer_path(op), sizes.params(op, seen)
    kind, group, key, macs = _described(op, sizes)
    in_excite = EXCITE in path.split(".")
    return Operator(path, kind, "squeeze-and-excite" if in_excite else group, key, macs // batch, params)


def _described(op, sizes):
    """(kind, group, key, MACs of the batch) of an operator."""
    if op.type in CONVOLUTIONS + TRANSPOSED:
        return _convolution(op, sizes)
    if op.type in LINEAR:
        left, out = sizes(op, "X"), sizes(op, "Out")
        return "linear", "linear", ("linear", left[-1], out[-1]), _product(out) * left[-1]
    if op.type == "pool2d":
        before, after = sizes(op, "X"), sizes(op, "Out")
        return "pool", "other", ("pooling", before[1], before[2], after[2]), 0
    if op.type in BINARY:
        name = BINARY[op.type]
        return name, "other", (f"binary {name}", *sizes(op, "Out")), 0
    if op.type in ACTIVATIONS:
        return "activation", "other", ("eltwise", *sizes(op, "Out")), 0
    if op.type == "softmax":
        return "softmax", "other", ("softmax", *sizes(op, "Out")), 0
    return op.type, "other", None, 0


def _convolution(op, sizes):
    """As _described: an output value sums over a group's inputs and the kernel; transposed, an input meets them."""
    image, weight, out = sizes(op, "Input"), sizes(op, "Filter"), sizes(op, "Output")
    height, width = weight[2:]
    kernel = f"{height}x{width}"
    if op.type in TRANSPOSED:
        key = ("deconvolution", op.attr("groups"), image[1], out[1], image[2], out[2], height)
        return f"transposed {kernel}", "convolution", key, _product(image) * _product(weight[1:])
    groups, macs = op.attr("groups"), _product(out) * _product(weight[1:])
    key = ("convolution", groups, image[1], out[1], image[2], out[2], height)
    if groups > 1 and groups == image[1]:
        return f"depthwise {kernel}", "depthwise", key, macs
    if kernel == "1x1":
        return kernel, "pointwise", key, macs
    return f"convolution {kernel}", "convolution", key, macs


class _Sizes:
    """Sizes of an operator's tensors; those that the graph leaves open (-1) come from running it on zeros."""

    def __init__(self, graph, image_shape):
        self.block = graph.program.global_block()
        self.known = {}
        names = [name for op in graph.ops for name in op.output_arg_names if self.block.has_var(name)]
        if any(-1 in self.block.var(name).shape for name in names):
            values = run_graph(graph, np.zeros(image_shape, np.float32), names)
            # some outputs exist for training alone, and are not computed
            self.known = {name: tuple(value.shape) for name, value in values.items() if value is not None}
        self.known[graph.inputs[0]] = tuple(image_shape)

    def __call__(self, op, slot):
        name = op.input(slot)[0] if slot in op.input_names else op.output(slot)[0]
        return self.known.get(name) or tuple(self.block.var(name).shape)

    def params(self, op, seen):
        """Trainable numbers among the inputs that are not in the set `seen`; they are added to it."""
        slots = [slot for slot in op.input_names if slot not in ("Mean", "Variance")]  # statistics, of batch norm
        names = {name for slot in slots for name in op.input(slot)} - seen
        own = [name for name in names if self.block.has_var(name) and self.block.var(name).persistable]
        seen.update(own)
        return sum(_product(self.block.var(name).shape) for name in own)


def _product(sizes):
    result = 1
    for size in sizes:
        result *= size
    return result
