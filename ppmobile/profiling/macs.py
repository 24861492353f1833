"""Multiply-accumulates and parameters of a model, counted layer by layer, because paddle.flops miscounts."""

from dataclasses import dataclass, field
from typing import NamedTuple

import paddle
from paddle import nn


class LayerCount(NamedTuple):
    """One call of one layer. path: "" for the model itself; output_shape includes the batch."""

    path: str
    type: str
    macs: int
    params: int
    output_shape: tuple[int, ...]


@dataclass
class Count:
    """Cost of one picture. macs: of convolutions and linear layers; params: trainable numbers of the model.

    layers: every call of a layer that has MACs or parameters, in the order of the forward pass. A layer
    called twice has two rows, and its parameters are in the first.
    """

    macs: int = 0
    params: int = 0
    layers: list[LayerCount] = field(default_factory=list)


def count(model, input_shape=(1, 3, 224, 224)):
    """Count of a forward pass in eval mode; the MACs are those of one picture, whatever the batch.

    Counted are nn.Conv2D, nn.Conv2DTranspose and nn.Linear (squeeze-and-excitation included), one multiply
    and one add as one; biases, normalisation, activations and resizing are not. Each layer's own training
    flag is put back afterwards.
    """
    modes = [(layer, layer.training) for layer in model.sublayers(include_self=True)]
    result = Count(params=sum(p.size for p in model.parameters() if not p.stop_gradient))
    hooks = _attach(model, result, batch=input_shape[0])
    model.eval()
    try:
        with paddle.no_grad():
            model(paddle.zeros(input_shape))
    finally:
        for hook in hooks:
            hook.remove()
        for layer, training in modes:
            layer.training = training
    result.macs = sum(layer.macs for layer in result.layers)
    return result


def layer_macs(layer, inputs, output, batch=1):
    """MACs per picture of one call of `layer`, 0 for a kind that has none. inputs, output: its tensors."""
    if isinstance(layer, nn.Conv2DTranspose):  # every input value meets the whole kernel: (in, out / groups, kh, kw)
        return inputs[0].size // batch * _product(layer.weight.shape[1:])
    if isinstance(layer, nn.Conv2D):  # every output value sums over (in / groups, kh, kw)
        return output.size // batch * _product(layer.weight.shape[1:])
    if isinstance(layer, nn.Linear):  # weight: (in, out)
        return output.size // batch * layer.weight.shape[0]
    return 0


def _attach(model, result, batch):
    """Hooks on all layers that fill result.layers; their handles."""
    seen = set()

    def hook_for(path):
        def hook(layer, inputs, output):
            own = [p for p in layer.parameters(include_sublayers=False) if not p.stop_gradient and id(p) not in seen]
            seen.update(id(p) for p in own)
            macs, params = layer_macs(layer, inputs, output, batch), sum(p.size for p in own)
            if macs or params:
                result.layers.append(LayerCount(path, type(layer).__name__, macs, params, _shape(output)))

        return hook

    layers = model.named_sublayers(include_self=True)
    return [layer.register_forward_post_hook(hook_for(path)) for path, layer in layers]


def _shape(output):
    return tuple(output.shape) if hasattr(output, "shape") else ()


def _product(sizes):
    result = 1
    for size in sizes:
        result *= size
    return result
