"""Transforms that move pixels: sizes and crops, random for training and fixed for deployment."""

import math

import numpy as np

from ..errors import ConfigError
from .base import TRANSFORMS, Transform
from .parts import FILL, check_number, check_range, crop, flip, height_width, interpolation, pad, pixels, resize, warp

MAX_ASPECT = 32  # ResizeShort squeezes thinner pictures: a 1 x 5000 strip would become a gigabyte


@TRANSFORMS.register
class Resize(Transform):
    """Resize to `size`: a side in pixels or [height, width].

    keep_ratio: shrink or grow until the picture just fits inside `size` instead of stretching it; Pad makes
    it full size then.
    """

    deploy = True

    def __init__(self, size, interp="linear", keep_ratio=False):
        self.size, self.interp, self.keep_ratio = size, interp, keep_ratio
        self._size, self._flag = height_width(size), interpolation(interp)

    def __call__(self, sample, rng=None):
        height, width = pixels(sample, self).shape[:2]
        target = _inside(self._size, height, width) if self.keep_ratio else self._size
        return resize(sample, *target, self._flag)


@TRANSFORMS.register
class RandomResize(Transform):
    """Resize to one of `sizes` by one of the interpolations `interps`, both drawn anew for each picture.

    A net that has seen all of `interps` does not mind which one a phone uses. sizes: sides in pixels or
    [height, width] pairs; where there are several, Pad makes the pictures equal again. keep_ratio: as in Resize.
    """

    def __init__(self, sizes, interps=("nearest", "linear", "cubic", "area", "lanczos"), keep_ratio=False):
        if not isinstance(sizes, (list, tuple)) or not sizes or not interps:
            raise ValueError(f"sizes and interps must be lists, got {sizes!r} and {interps!r}")
        self.sizes, self.interps, self.keep_ratio = sizes, interps, keep_ratio
        self._sizes, self._flags = [height_width(size) for size in sizes], [interpolation(name) for name in interps]

    def __call__(self, sample, rng):
        height, width = pixels(sample, self).shape[:2]
        target = self._sizes[rng.integers(len(self._sizes))]
        target = _inside(target, height, width) if self.keep_ratio else target
        return resize(sample, *target, self._flags[rng.integers(len(self._flags))])


@TRANSFORMS.register
class ResizeShort(Transform):
    """Resize so that the shorter side has `short` pixels, keeping the ratio (up to 1:32)."""

    deploy = True

    def __init__(self, short=256, interp="linear"):
        check_number("short", short, 1)
        self.short, self.interp = short, interp
        self._flag = interpolation(interp)

    def __call__(self, sample, rng=None):
        height, width = pixels(sample, self).shape[:2]
        factor, longest = self.short / min(height, width), MAX_ASPECT * self.short
        return resize(sample, min(longest, round(height * factor)), min(longest, round(width * factor)), self._flag)


@TRANSFORMS.register
class CenterCrop(Transform):
    """Cut `size` (a side or [height, width]) out of the middle; a smaller picture is padded around."""

    deploy = True

    def __init__(self, size=224):
        self.size = size
        self._size = height_width(size)

    def __call__(self, sample, rng=None):
        pixels(sample, self)
        sample = _at_least(sample, *self._size)
        top, left = (sample.height - self._size[0]) // 2, (sample.width - self._size[1]) // 2
        return crop(sample, top, left, *self._size)


@TRANSFORMS.register
class Pad(Transform):
    """Extend to `size` (a side or [height, width]) on the right and at the bottom with the RGB colour `fill`."""

    deploy = True

    def __init__(self, size, fill=FILL):
        self.size, self.fill = size, fill
        self._size = height_width(size)
        if np.shape(fill) != (3,) or not all(isinstance(v, (int, float)) for v in fill):
            raise ValueError(f"fill must be [red, green, blue], got {fill!r}")

    def __call__(self, sample, rng=None):
        height, width = pixels(sample, self).shape[:2]
        if height > self._size[0] or width > self._size[1]:
            raise ConfigError(f"Pad: size {self.size} is smaller than the {height} x {width} picture; Resize first")
        return pad(sample, 0, 0, *self._size, self.fill)


@TRANSFORMS.register
class RandomResizedCrop(Transform):
    """A random window, resized to `size`: the standard training view of a classifier (arXiv:1409.4842).

    scale: range of the window's share of the area. ratio: range of its width / height, drawn log-uniformly.
    """

    def __init__(self, size=224, scale=(0.08, 1.0), ratio=(3 / 4, 4 / 3), interp="linear"):
        check_range("scale", scale, 0, 1)
        check_range("ratio", ratio, 1e-3)
        self.size, self.scale, self.ratio, self.interp = size, scale, ratio, interp
        self._size, self._flag = height_width(size), interpolation(interp)

    def __call__(self, sample, rng):
        height, width = pixels(sample, self).shape[:2]
        return resize(crop(sample, *self._window(height, width, rng)), *self._size, self._flag)

    def _window(self, height, width, rng):
        """(top, left, height, width) of a window inside the picture."""
        for _ in range(10):
            area = height * width * rng.uniform(*self.scale)
            ratio = math.exp(rng.uniform(math.log(self.ratio[0]), math.log(self.ratio[1])))
            w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < w <= width and 0 < h <= height:
                return int(rng.integers(height - h + 1)), int(rng.integers(width - w + 1)), h, w
        # A very thin picture: the largest centred window of a permitted ratio.
        w = min(width, max(1, round(height * self.ratio[1])))
        h = min(height, max(1, round(width / self.ratio[0])))
        return (height - h) // 2, (width - w) // 2, h, w


@TRANSFORMS.register
class RandomCrop(Transform):
    """A random window of `size` without resizing, after `padding` pixels of border on each side."""

    def __init__(self, size=224, padding=0):
        check_number("padding", padding, 0)
        self.size, self.padding = size, padding
        self._size = height_width(size)

    def __call__(self, sample, rng):
        height, width = pixels(sample, self).shape[:2]
        border = self.padding
        sample = _at_least(pad(sample, border, border, height + 2 * border, width + 2 * border), *self._size)
        top = int(rng.integers(sample.height - self._size[0] + 1))
        left = int(rng.integers(sample.width - self._size[1] + 1))
        return crop(sample, top, left, *self._size)


@TRANSFORMS.register
class Flip(Transform):
    """Mirror left to right with probability `p`."""

    def __init__(self, p=0.5):
        check_number("p", p, 0, 1)
        self.p = p

    def __call__(self, sample, rng):
        pixels(sample, self)
        return flip(sample) if rng.random() < self.p else sample


@TRANSFORMS.register
class Rotate(Transform):
    """Turn about the centre by an angle drawn from -degrees..degrees; the size stays."""

    def __init__(self, degrees=15.0):
        check_number("degrees", degrees, 0, 180)
        self.degrees = degrees

    def __call__(self, sample, rng):
        pixels(sample, self)
        angle = rng.uniform(-self.degrees, self.degrees)
        return warp(sample, rotation(angle, sample.height, sample.width))


def rotation(degrees, height, width):
    """The (2, 3) matrix that turns a picture about its centre, counter-clockwise as one sees it."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    x, y = width / 2, height / 2
    return [[cosine, sine, x - cosine * x - sine * y], [-sine, cosine, y + sine * x - cosine * y]]


def _inside(size, height, width):
    """(height, width) of a picture that is scaled to just fit inside `size`."""
    factor = min(size[0] / height, size[1] / width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def _at_least(sample, height, width):
    """The sample, padded around if it is smaller than (height, width)."""
    height, width = max(height, sample.height), max(width, sample.width)
    return pad(sample, (height - sample.height) // 2, (width - sample.width) // 2, height, width)
