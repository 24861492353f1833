"""The input that speed is measured on: noise of the shape that an artefact takes, the same at every call."""

import numpy as np

from ..artefact import golden


def shape_for(artefact):
    """(1, 3, H, W): the shape of the artefact's input; where it is open, that of its golden sample."""
    shape = artefact.shape
    if -1 in shape:
        shape = golden(artefact.folder)["input"]["shape"]
    return tuple(shape)


def image_for(artefact):
    """A float32 array of that shape in C order, like a normalised picture: mean 0, deviation 1."""
    return np.random.default_rng(0).standard_normal(shape_for(artefact)).astype(np.float32)
