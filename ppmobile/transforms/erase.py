"""Cover parts of a picture, so that a model learns to look at all of it."""

import math

import numpy as np

from .base import TRANSFORMS, Transform
from .parts import FILL, check_number, check_range, pixels


@TRANSFORMS.register
class RandomErasing(Transform):
    """Cover one random rectangle with probability `p` (arXiv:1708.04896). Labels, boxes and mask stay.

    area: range of its share of the picture. ratio: range of its height / width. fill: "mean" (the mean colour
    of ImageNet) or "noise".
    """

    def __init__(self, p=0.25, area=(0.02, 0.33), ratio=(0.3, 3.3), fill="mean"):
        check_number("p", p, 0, 1)
        check_range("area", area, 0, 1)
        check_range("ratio", ratio, 1e-3)
        if fill not in ("mean", "noise"):
            raise ValueError(f"unknown fill {fill!r}; use mean or noise")
        self.p, self.area, self.ratio, self.fill = p, area, ratio, fill

    def __call__(self, sample, rng):
        image = pixels(sample, self)
        if rng.random() >= self.p:
            return sample
        rows, columns = image.shape[:2]
        area = rows * columns * rng.uniform(*self.area)
        ratio = math.exp(rng.uniform(math.log(self.ratio[0]), math.log(self.ratio[1])))
        height, width = min(rows, round(math.sqrt(area * ratio))), min(columns, round(math.sqrt(area / ratio)))
        top, left = rng.integers(rows - height + 1), rng.integers(columns - width + 1)
        image = image.copy()  # the given array may be shared
        noise = self.fill == "noise"
        patch = rng.integers(0, 256, (height, width, 3), dtype=np.uint8) if noise else np.uint8(FILL)
        image[top : top + height, left : left + width] = patch
        return sample.copy(image=image)


@TRANSFORMS.register
class GridMask(Transform):
    """Cover a lattice of squares with probability `p` (arXiv:2001.04086, without its rotation).

    period: range of the lattice's period as a share of the shorter side. keep: share of each period, along
    a side, that is never covered.
    """

    def __init__(self, p=0.5, period=(0.4, 1.0), keep=0.6):
        check_number("p", p, 0, 1)
        check_range("period", period, 0)
        check_number("keep", keep, 0, 1)
        self.p, self.period, self.keep = p, period, keep

    def __call__(self, sample, rng):
        image = pixels(sample, self)
        if rng.random() >= self.p:
            return sample
        period = max(2, round(min(image.shape[:2]) * rng.uniform(*self.period)))
        covered = round(period * (1 - self.keep))
        rows, columns = ((np.arange(n) + rng.integers(period)) % period < covered for n in image.shape[:2])
        image = image.copy()
        image[np.ix_(rows, columns)] = FILL
        return sample.copy(image=image)
