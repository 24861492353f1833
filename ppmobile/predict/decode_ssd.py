"""The boxes of an SSD head from its raw outputs, in NumPy; the priors are made anew, for a graph does not give them.

Paddle Lite cannot run a graph with such a constant among its outputs.
"""

import functools
import json

import numpy as np

from .anchors import priors


def ssd(outputs, raw, size):
    """SSD (arXiv:1512.02325): deltas from the priors, softmax over the classes, of which the last is background.

    outputs: deltas (n, A, 4) and logits (n, A, classes + 1); more are left aside. raw: of SSDHead. size: (height,
    width) of the input. Returns (n, A, 4) boxes in pixels and (n, A, classes) scores. ValueError unless A is the number
    of priors.
    """
    deltas, logits = outputs[:2]
    places = [-(-size[0] // stride) * -(-size[1] // stride) for stride in raw["strides"]]
    count = sum(cells * len(shapes) for cells, shapes in zip(places, raw["shapes"]))
    if deltas.shape[1] != count:  # before they are made: a foreign file may speak of more than fit into memory
        raise ValueError(f"{deltas.shape[1]} boxes for {count} priors")
    fixed = all_priors(json.dumps(raw), *size)
    deltas = deltas * np.float32(raw["std"])
    sides, centres = fixed[:, 2:] - fixed[:, :2], (fixed[:, :2] + fixed[:, 2:]) / 2
    centres, half = centres + deltas[..., :2] * sides, np.exp(deltas[..., 2:]) * sides / 2
    scores = np.exp(logits - logits.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    return np.concatenate([centres - half, centres + half], axis=-1), scores[..., :-1]


@functools.lru_cache(maxsize=8)
def all_priors(raw, height, width):
    """(A, 4) float32 priors in pixels of all maps for an input of that size; raw: of SSDHead, as JSON. Read only."""
    raw = json.loads(raw)
    boxes = [priors((-(-height // stride), -(-width // stride)), (height, width), np.array(sizes), step, raw["clip"])
             for stride, sizes, step in zip(raw["strides"], raw["shapes"], raw["steps"])]
    boxes = np.concatenate(boxes)
    boxes.setflags(write=False)
    return boxes
