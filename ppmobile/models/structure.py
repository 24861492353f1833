"""The structure of a net that is no longer what its config builds: cut layers, layers in simulated int8.

A Model says it in `structure`, a checkpoint beside the config, so that every later step, resume and export builds the
same net again without knowing the steps that made it so.
"""

import numpy as np
from paddle import nn

from ..errors import CheckpointError

CONVS = (nn.Conv2D, nn.Conv2DTranspose)
NORMS = (nn.BatchNorm2D, nn.BatchNorm1D)
CUTTABLE = (*CONVS, *NORMS, nn.Linear)


def width_of(layer):
    """[inputs, outputs]: channels of a layer of CUTTABLE; of a batch norm both are its channels."""
    shape = layer.weight.shape
    if isinstance(layer, nn.Conv2DTranspose):
        return [shape[0], shape[1] * layer._groups]
    if isinstance(layer, nn.Conv2D):
        return [shape[1] * layer._groups, shape[0]]
    return [shape[0], shape[-1]]


def scaled(layer, amount, before, after):
    """What is left of an `amount` of MACs, or of numbers of a kernel, when a layer's width [inputs, outputs] changes.

    It goes with inputs x outputs, and with the outputs alone where each channel has a kernel of its own (depthwise).
    """
    if getattr(layer, "_groups", 1) > 1:
        return amount * after[1] // before[1]
    return amount * after[0] * after[1] // (before[0] * before[1])


def scaled_size(layer, name, size, before, after):
    """How many numbers a parameter or statistic `name` of a layer of CUTTABLE, now `size`, has at another width."""
    if name == "weight" and not isinstance(layer, NORMS):
        return scaled(layer, size, before, after)
    return size * after[1] // before[1]


def cut_layer(layer, inputs, outputs):
    """Keep of a layer only the channels `inputs` and `outputs`, arrays of indices in order; in place.

    The groups of a depthwise convolution follow its channels; where each input gives several outputs, the outputs of
    one must stay or go together. ValueError for other groups, which cannot be cut so.
    """
    if isinstance(layer, NORMS):
        for name in ("weight", "bias", "_mean", "_variance"):
            _keep(layer, name, 0, outputs)
        layer._num_features = len(outputs)
        return
    channels_in, channels_out = width_of(layer)
    out_axis, in_axis = (0, 1) if isinstance(layer, nn.Conv2D) else (1, 0)
    groups = getattr(layer, "_groups", 1)
    if groups > 1:
        if groups != channels_in or len(outputs) * channels_in != len(inputs) * channels_out:
            raise ValueError(f"a convolution of {groups} groups and {channels_in} channels cannot be cut to "
                             f"{len(inputs)} inputs and {len(outputs)} outputs")
        _keep(layer, "weight", 0, inputs if isinstance(layer, nn.Conv2DTranspose) else outputs)
        layer._groups = len(inputs)
    else:
        _keep(layer, "weight", in_axis, inputs)
        _keep(layer, "weight", out_axis, outputs)
    _keep(layer, "bias", 0, outputs)
    if isinstance(layer, nn.Linear):
        layer.in_features, layer.out_features = len(inputs), len(outputs)
    else:
        layer._in_channels, layer._out_channels = len(inputs), len(outputs)


def _keep(layer, name, axis, index):
    """Replace a parameter of `layer` by its entries `index` along `axis`."""
    old = getattr(layer, name, None)
    if old is None or (len(index) == old.shape[axis] and (np.asarray(index) == np.arange(len(index))).all()):
        return
    kept = np.take(old.numpy(), index, axis)
    new = layer.create_parameter(list(kept.shape), dtype=old.dtype, default_initializer=nn.initializer.Assign(kept))
    new.stop_gradient, new.trainable = old.stop_gradient, old.trainable
    new.name = old.name  # a fresh one may be another parameter's after a trace, and optimizers keep momenta by name
    setattr(layer, name, new)


def rebuild(model, structure, source):
    """Give a freshly built Model the `structure` that a checkpoint says; its weights are to be loaded afterwards.

    structure: {"widths": {layer path: [inputs, outputs]}, "qat": {...}}; {} is the net as its config builds it.
    source: named in the CheckpointError for a structure that does not fit the net.
    """
    set_widths(model, structure.get("widths", {}), source)
    if "qat" in structure:
        from ..slim.qat.layers import check_structure, wrap  # on these functions stands what is above it

        check_structure(model, structure["qat"], source)
        wrap(model, structure["qat"])
    model.structure = dict(structure)


def set_widths(model, widths, source):
    """Cut layers of a Model to {layer path: [inputs, outputs]}; which channels stay does not matter yet."""
    layers = dict(model.named_sublayers())
    for path, width in widths.items():
        fault = _fault(layers.get(path), width)
        if fault:
            raise CheckpointError(f"{source}: its structure says that the layer {path} is cut to {width}, {fault}; was "
                                  "the config changed since?")
    for path, (inputs, outputs) in widths.items():
        cut_layer(layers[path], np.arange(inputs), np.arange(outputs))


def _fault(layer, width):
    """What is wrong with the width of one layer, or ""."""
    if not isinstance(layer, CUTTABLE):
        return "this model has no such layer"
    before = width_of(layer)
    ok = isinstance(width, (list, tuple)) and len(width) == 2 and all(type(n) is int and n > 0 for n in width)
    return "" if ok and all(new <= old for new, old in zip(width, before)) else f"here it has {before} channels"


def note_widths(model, before):
    """Add to `model.structure` what was cut since `before`, the widths_of the net then; earlier cuts stay noted."""
    now = widths_of(model)
    cut = {path: now[path] for path in now if now[path] != before[path]}
    model.structure = {**model.structure, "widths": {**model.structure.get("widths", {}), **cut}}


def widths_of(model):
    """{layer path: [inputs, outputs]} of all layers that can be cut."""
    return {path: width_of(layer) for path, layer in model.named_sublayers() if isinstance(layer, CUTTABLE)}
