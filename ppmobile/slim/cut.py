"""Cuts channels out of a Model: what it will cost then, the cut itself, and the way back if the net does not run."""

import contextlib

import numpy as np

from ..errors import PPMobileError
from ..models.structure import CUTTABLE, cut_layer, note_widths, scaled, scaled_size, width_of, widths_of
from ..profiling.macs import count
from ..wording import reason


def kept_widths(model, coupling, keep):
    """{layer path: [inputs, outputs]} after the cut. keep: (coupling.count,) bool, the channels that stay."""
    return {path: [int(keep[coupling.inputs[path]].sum()), int(keep[coupling.outputs[path]].sum())]
            for path in coupling.outputs}


def predicted(model, coupling, keep, now):
    """(MACs of a picture, trainable parameters) after the cut. now: the macs.Count of the Model as it is."""
    after = kept_widths(model, coupling, keep)
    layers = {path: layer for path, layer in model.named_sublayers() if isinstance(layer, CUTTABLE)}
    before = {path: width_of(layer) for path, layer in layers.items()}
    macs = sum(row.macs if row.path not in layers else
               scaled(layers[row.path], row.macs, before[row.path], after[row.path]) for row in now.layers)
    params = now.params
    for path, layer in layers.items():
        for name, value in layer.named_parameters(include_sublayers=False):
            if not value.stop_gradient:
                size = int(value.size)
                params += scaled_size(layer, name, size, before[path], after[path]) - size
    return macs, params


def cut(model, coupling, keep):
    """Keep of a Model only the channels of `keep` (coupling.count,) bool, in place, and note it in its structure."""
    before, layers = widths_of(model), dict(model.named_sublayers())
    for path, outputs in coupling.outputs.items():
        inputs = coupling.inputs[path]
        if not (keep[inputs].all() and keep[outputs].all()):
            cut_layer(layers[path], np.flatnonzero(keep[inputs]), np.flatnonzero(keep[outputs]))
    note_widths(model, before)


def cut_checked(model, coupling, keep, image_size):
    """`cut`, with the proof that the net runs and costs what was predicted; gives the Counts before and after.

    image_size: (height, width). PPMobileError, with the Model as it was, if it does not.
    """
    shape = (1, 3, *image_size)
    now = count(model, shape)
    macs, params = predicted(model, coupling, keep, now)
    with unchanged_on_error(model):
        try:
            cut(model, coupling, keep)
            after = count(model, shape)
        except Exception as error:  # whatever the net's own code raises
            raise PPMobileError(f"the cut net does not run: {reason(error)}; exclude the layers that it names, the net "
                                "is as it was") from error
        if (after.macs, after.params) != (macs, params):
            raise PPMobileError(f"the cut net has {after.macs} MACs and {after.params} parameters instead of the "
                                f"predicted {macs} and {params}; some layer is not cut as traced, the net is as it was")
    return now, after


@contextlib.contextmanager
def unchanged_on_error(model):
    """Inside, an error puts widths, weights and structure of a Model back."""
    structure = model.structure
    kept = [(layer, dict(vars(layer)), dict(layer._parameters), dict(layer._buffers))
            for layer in model.sublayers() if isinstance(layer, CUTTABLE)]
    try:
        yield
    except BaseException:
        for layer, attributes, parameters, buffers in kept:
            vars(layer).update(attributes)
            layer._parameters.update(parameters)
            layer._buffers.update(buffers)
        model.structure = structure
        raise
