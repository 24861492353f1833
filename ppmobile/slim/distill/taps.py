"""The maps inside a net, caught on their way, for losses that compare more than answers."""

import contextlib

import paddle

from ...errors import ConfigError
from ...wording import suggestion

PROBE = 64  # pixels, the side of the picture that shows which maps a layer gives


@contextlib.contextmanager
def captured(model, paths):
    """Inside, forward passes fill the dict it gives: {layer path: [each map that the layer gives, in order]}."""
    layers, found = dict(model.named_sublayers()) if paths else {}, {path: [] for path in paths}

    def catch(maps):
        return lambda layer, inputs, output: maps.extend(output if isinstance(output, (list, tuple)) else [output])

    handles = [layers[path].register_forward_post_hook(catch(found[path])) for path in found]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


@paddle.no_grad()
def channels_of(model, paths, whose):
    """{layer path: [channels of each map]} of a Model; it is tried on an empty picture, in eval mode, and is as before.

    whose: the net's name in the ConfigError for a path that no layer has, or whose layer gives no maps (N, C, H, W).
    """
    known = [path for path, _ in model.named_sublayers()]
    for path in paths:
        if path not in known:
            raise ConfigError(f"features: {whose} has no layer {path!r}.{suggestion(path, known)}")
    modes = [(layer, layer.training) for layer in model.sublayers(include_self=True)]
    model.eval()
    try:
        with captured(model, paths) as maps:
            model(paddle.zeros([1, 3, PROBE, PROBE]))
    finally:
        for layer, training in modes:
            layer.training = training
    for path, found in maps.items():
        if not found or any(getattr(x, "ndim", 0) != 4 for x in found):
            raise ConfigError(f"features: the layer {path!r} of {whose} gives no maps of channels x height x width; "
                              "name a convolution or a block")
    return {path: [x.shape[1] for x in found] for path, found in maps.items()}
