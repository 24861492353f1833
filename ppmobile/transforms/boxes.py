"""Random views for detectors: zoom out onto a canvas, and zoom in on windows that hold enough of an object."""

import numpy as np

from .base import TRANSFORMS, Transform
from .parts import FILL, check_number, check_range, crop, keep_boxes, pad, pixels

TRIES = 50  # windows that RandomIoUCrop draws for a picture, as arXiv:1512.02325


@TRANSFORMS.register
class Expand(Transform):
    """Lay the picture somewhere on a canvas of `fill` with probability `p`, which makes small objects (SSD).

    ratio: range of the canvas's sides in those of the picture, from 1 up; so a ratio of 4 has 16 times the pixels.
    """

    def __init__(self, p=0.5, ratio=(1.0, 4.0), fill=FILL):
        check_number("p", p, 0, 1)
        check_range("ratio", ratio, 1)
        if np.shape(fill) != (3,):
            raise ValueError(f"fill must be [red, green, blue], got {fill!r}")
        self.p, self.ratio, self.fill = p, ratio, fill

    def __call__(self, sample, rng):
        pixels(sample, self)
        if rng.random() >= self.p:
            return sample
        ratio = rng.uniform(*self.ratio)
        height, width = round(sample.height * ratio), round(sample.width * ratio)
        top, left = rng.integers(height - sample.height + 1), rng.integers(width - sample.width + 1)
        return pad(sample, int(top), int(left), height, width, self.fill)


@TRANSFORMS.register
class RandomIoUCrop(Transform):
    """A random window that holds enough of at least one object (arXiv:1512.02325, section 2.2).

    overlaps: smallest IoU of the window with its best box; one of them or "no crop" is drawn, and where no window
    reaches it, another one. scale: range of the window's sides in those of the picture, before `ratio`, the
    range of its width / height in that of the picture. Boxes whose centre is outside are dropped, the others clipped.
    A picture without boxes stays whole.
    """

    def __init__(self, overlaps=(0.0, 0.1, 0.3, 0.5, 0.7, 0.9), scale=(0.3, 1.0), ratio=(0.5, 2.0)):
        for overlap in overlaps:
            check_number("overlaps", overlap, 0, 1)
        check_range("scale", scale, 1e-3, 1)
        check_range("ratio", ratio, 1e-3)
        if not ratio[0] <= 1 <= ratio[1]:
            raise ValueError(f"ratio must hold 1, got {ratio!r}")
        self.overlaps, self.scale, self.ratio = overlaps, scale, ratio

    def __call__(self, sample, rng):
        pixels(sample, self)
        choices = [None, *self.overlaps]
        if not len(sample.boxes):
            return sample
        windows = self._windows(sample.height, sample.width, rng)
        holds = _holds(windows, sample.boxes)
        best = iou_matrix(windows, sample.boxes).max(axis=1)
        for number in rng.permutation(len(choices)):
            if choices[number] is None:
                return sample
            fit = np.flatnonzero((best >= choices[number]) & holds.any(axis=1))
            if len(fit):
                left, top, right, bottom = windows[fit[0]].tolist()
                return crop(keep_boxes(sample, holds[fit[0]]), top, left, bottom - top, right - left)
        return sample

    def _windows(self, height, width, rng):
        """(TRIES, 4) whole-pixel xyxy windows inside a picture."""
        scale = rng.uniform(*self.scale, TRIES)
        # a window of this scale and ratio r has the sides scale * sqrt(r) and scale / sqrt(r), at most 1 each
        low, high = np.maximum(self.ratio[0], scale**2), np.minimum(self.ratio[1], scale**-2)
        root = np.sqrt(low + (high - low) * rng.random(TRIES))
        sides = np.stack([scale * root * width, scale / root * height], axis=1)
        room = np.array([width, height])
        sides = np.clip(np.round(sides), 1, room).astype(int)
        start = np.floor((room - sides + 1) * rng.random((TRIES, 2))).astype(int)
        return np.hstack([start, start + sides])


def iou_matrix(a, b):
    """(M, N) intersection over union of (M, 4) and (N, 4) xyxy boxes; 0 for two without an area."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2)
    area_a, area_b = ((x[:, 2:] - x[:, :2]).prod(axis=1) for x in (a, b))
    return common / np.maximum(area_a[:, None] + area_b[None] - common, 1e-9)


def _holds(windows, boxes):
    """(M, N) bool: whether a window holds the centre of a box."""
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    return ((windows[:, None, :2] <= centre) & (centre < windows[:, None, 2:])).all(axis=2)
