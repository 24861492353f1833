"""Inputs of other shapes than the golden one's: a graph that leaves its batch or size open must answer them, too."""

from dataclasses import dataclass
from typing import Optional

import numpy as np

GROWN = (32, 64)  # pixels that another size is higher and wider by: a net's stride, and not square


@dataclass
class Variant:
    """Inputs of another shape. name: what messages call it. inputs: [(N, 3, H, W) float32], the calls to make.

    pictures: [(1, 3, H, W)], the same one by one. places: of these among the inputs of the trial, if they are some of
    them. want: (n, C), the traced graph's answers.
    """

    name: str
    inputs: list
    pictures: list
    places: Optional[list] = None
    want: Optional[np.ndarray] = None


def variants(shape, inputs):
    """The Variants for a graph's input shape (N, 3, H, W), -1 for what is open. inputs: [(1, 3, H, W)] of the trial."""
    found = []
    if shape[0] == -1:
        last = max(i for i, image in enumerate(inputs) if image.shape == inputs[0].shape)
        pair = [inputs[0], inputs[last]]
        found.append(Variant("a batch of 2", [np.concatenate(pair)], pair, [0, last]))
    if -1 in shape[2:]:
        grown = [grow(image, shape) for image in inputs]
        found.append(Variant(f"pictures of {grown[0].shape[3]}x{grown[0].shape[2]}", grown, grown))
    return found


def grow(image, shape):
    """An input continued by its mirror image at the bottom and the right, by GROWN, along the sides that are open."""
    more = [by if side == -1 else 0 for side, by in zip(shape[2:], GROWN)]
    return np.ascontiguousarray(np.pad(image, ((0, 0), (0, 0), (0, more[0]), (0, more[1])), mode="symmetric"))
