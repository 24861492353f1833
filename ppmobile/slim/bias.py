"""Bias correction: what rounding adds to the mean of each channel of a layer is taken off behind it.

As arXiv:1906.04721, section 4.2, but with means over pictures instead of those that batch norm tells. A layer's own
shift alone is corrected; then what comes into the next layer has the right mean again. A layer that runs several times,
as a head of several maps does, has another shift each time and one bias for all: it stays as it is.
"""

from collections import Counter

import numpy as np
import paddle

from ..export.program import load_graph, run_graph
from .qat.graph import branch, readers
from .quantizers import INPUTS, layer_name, layers, scales, tensor


def shifts(fp32_folder, quantized, images):
    """{layer: (channels,) float32}: by how much int8 of a layer alone raises its mean output over images (N, 3, H, W).

    quantized: the Graph that tells the ranges. Layers that run several times are left out.
    """
    graph = load_graph(fp32_folder)
    times = Counter(layer for layer, _ in readers(graph))
    names = {layer: op.output_arg_names[0] for layer, op in layers(graph).items()}
    copies = branch(graph, {layer: limit for layer, limit in scales(quantized).items() if times[layer] == 1})
    total = dict.fromkeys(copies, 0.0)
    for image in images:
        values = run_graph(graph, image[None], [*copies.values(), *(names[layer] for layer in copies)])
        for layer, rounded in copies.items():
            difference = values[rounded].astype(np.float64) - values[names[layer]]
            others = (0, 2, 3) if difference.ndim == 4 else tuple(range(difference.ndim - 1))
            total[layer] = total[layer] + difference.mean(axis=others)
    return {layer: (value / len(images)).astype(np.float32) for layer, value in total.items()}


def correct(graph, amounts):
    """Take {layer: shift} off a quantized Graph, in place: from the mean of the batch norm behind, or from the bias.

    Layers with neither stay as they are. Returns the layers that were corrected.
    """
    found = []
    for layer, op in layers_of(graph).items():
        behind = [other for other in graph.ops if op.output_arg_names[0] in other.input_arg_names]
        if layer not in amounts or len(behind) != 1:
            continue
        name, sign = _adjustable(behind[0], graph)
        if name is not None:
            holder = tensor(graph, name)
            values = np.array(holder)
            holder.set((values + sign * amounts[layer].reshape(values.shape)).astype(values.dtype), paddle.CPUPlace())
            found.append(layer)
    return found


def layers_of(graph):
    """{layer: its operator} of a quantized Graph, whose weights are made by quantizers."""
    return {layer_name(op): op for op in graph.ops if op.type in INPUTS}


def _adjustable(op, graph):
    """(variable, sign) that moves the mean of what an operator gives, or (None, 0)."""
    if op.type == "batch_norm":
        return op.input("Mean")[0], 1
    block = graph.program.global_block()
    if op.type == "elementwise_add" and block.var(op.input("Y")[0]).persistable:
        return op.input("Y")[0], -1
    return None, 0
