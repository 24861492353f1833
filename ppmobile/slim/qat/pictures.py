"""The pictures on which a net is looked at before its training in simulated int8."""

import numpy as np

from ...data.sample import Sample
from ...engine.datasets import open_split
from ...errors import DataError
from ...export.trial import inputs
from ...files import read_image
from ...transforms import Compose
from ..sqnr import PICTURES


def pictures(config, real):
    """(N, 3, H, W) float32 as transforms.eval makes them; ConfigError if that is no net's input.

    real: take them from the train split, evenly spread; otherwise drawn ones, of which only the shape counts.
    """
    drawn = inputs(config)
    if not real:
        return drawn
    paths, steps = open_split(config, "train").paths, Compose(config.transforms.eval, "transforms.eval")
    images = []
    for place in np.linspace(0, len(paths) - 1, 2 * PICTURES).astype(int):  # some may be unreadable
        try:
            image = steps(Sample(image=read_image(paths[place]))).image
        except DataError:
            continue
        images += [image] if image.shape == drawn.shape[1:] else []
    if not images:
        raise DataError("data.train: no picture of those tried can be read, or becomes of the net's input size; "
                        "keep_float: auto needs some")
    return np.stack(images[:PICTURES])
