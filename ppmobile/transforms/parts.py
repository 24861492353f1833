"""Resize, crop, flip, pad or warp every part of a Sample at once, so that boxes and masks never lose their picture.

Coordinates are continuous: pixel (row, column) covers [column, column + 1) x [row, row + 1), and a box
(x1, y1, x2, y2) ends where the next pixel begins.
"""

import cv2
import numpy as np

from ..errors import ConfigError

INTERPOLATIONS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "area": cv2.INTER_AREA,
    "lanczos": cv2.INTER_LANCZOS4,
}
FILL = (124, 116, 104)  # the mean colour of ImageNet: nearly 0 after Normalize
IGNORE = 255  # class of mask pixels that no picture covers; losses and metrics skip it
MIN_VISIBLE = 0.2  # share of a box that must stay in view; a sliver of an object teaches nothing


def interpolation(name):
    """The OpenCV flag of an interpolation's name; ValueError lists the names."""
    if name not in INTERPOLATIONS:
        raise ValueError(f"unknown interp {name!r}; use one of {', '.join(INTERPOLATIONS)}")
    return INTERPOLATIONS[name]


def height_width(size):
    """(height, width) of an option that is a whole number (a square) or [height, width]."""
    pair = tuple(size) if isinstance(size, (list, tuple)) else (size, size)
    if len(pair) != 2 or not all(isinstance(n, int) and n > 0 for n in pair):
        raise ValueError(f"size must be a positive whole number or [height, width], got {size!r}")
    return pair


def check_number(name, value, low, high=float("inf")):
    """ValueError unless the option `value` is one number of low..high."""
    if not isinstance(value, (int, float)) or not low <= value <= high:
        raise ValueError(f"{name} must be a number of {low:g}..{high:g}, got {value!r}")


def check_range(name, pair, low, high=float("inf")):
    """ValueError unless the option `pair` is [from, to], in rising order, within low..high."""
    numbers = isinstance(pair, (list, tuple)) and all(isinstance(v, (int, float)) for v in pair)
    if not numbers or len(pair) != 2 or not low <= pair[0] <= pair[1] <= high:
        raise ValueError(f"{name} must be [from, to] within {low:g}..{high:g}, got {pair!r}")


def pixels(sample, step):
    """The (H, W, 3) uint8 picture of a sample; ConfigError if `step` stands behind Normalize or ToCHW."""
    if sample.image.dtype != np.uint8:
        raise ConfigError(f"{type(step).__name__} needs a uint8 picture; move it before Normalize and ToCHW")
    return sample.image


def resize(sample, height, width, flag):
    """Stretch to (height, width); `flag` is an OpenCV interpolation, masks always take the nearest pixel."""
    if (height, width) == (sample.height, sample.width):
        return sample
    factor = np.float64([width / sample.width, height / sample.height] * 2)
    mask = sample.mask
    if mask is not None:  # plain INTER_NEAREST would shift a mask by up to half a pixel against its picture
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    image = cv2.resize(sample.image, (width, height), interpolation=flag)
    return sample.copy(image=image, mask=mask, boxes=(sample.boxes * factor).astype(np.float32))


def crop(sample, top, left, height, width):
    """Cut out a window that lies inside the picture. Boxes are clipped, or dropped if hardly visible."""
    window = np.s_[top : top + height, left : left + width]
    mask = None if sample.mask is None else sample.mask[window]
    moved = sample.boxes - np.float32([left, top, left, top])
    return _with_boxes(sample.copy(image=sample.image[window], mask=mask), moved)


def flip(sample):
    """Mirror left to right."""
    mask = None if sample.mask is None else cv2.flip(sample.mask, 1)
    boxes = sample.boxes.copy()
    boxes[:, [0, 2]] = sample.width - sample.boxes[:, [2, 0]]
    return sample.copy(image=cv2.flip(sample.image, 1), mask=mask, boxes=boxes)


def pad(sample, top, left, height, width, fill=FILL):
    """Lay the picture on a (height, width) canvas with its corner at (top, left), in RGB colour `fill`."""
    rest = (top, height - top - sample.height, left, width - left - sample.width)
    if not any(rest):
        return sample
    image = cv2.copyMakeBorder(sample.image, *rest, cv2.BORDER_CONSTANT, value=tuple(fill))
    mask = sample.mask
    if mask is not None:
        mask = cv2.copyMakeBorder(mask, *rest, cv2.BORDER_CONSTANT, value=IGNORE)
    return sample.copy(image=image, mask=mask, boxes=sample.boxes + np.float32([left, top, left, top]))


def warp(sample, matrix, flag=cv2.INTER_LINEAR, fill=FILL):
    """Move each point p of the picture to A p + t, for a (2, 3) `matrix` [A | t]; the size stays.

    A box becomes the upright box around its four moved corners.
    """
    matrix = np.asarray(matrix, np.float64)
    linear = matrix[:, :2]
    centred = matrix.copy()  # OpenCV counts from the centre of the first pixel, we from its corner
    centred[:, 2] += linear.sum(axis=1) / 2 - 0.5
    size = (sample.width, sample.height)
    image = cv2.warpAffine(sample.image, centred, size, flags=flag, borderValue=tuple(fill))
    mask = sample.mask
    if mask is not None:
        mask = cv2.warpAffine(mask, centred, size, flags=cv2.INTER_NEAREST, borderValue=IGNORE)
    corners = sample.boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) @ linear.T + matrix[:, 2]
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1).astype(np.float32)
    return _with_boxes(sample.copy(image=image, mask=mask), boxes)


def _with_boxes(sample, boxes):
    """The sample with `boxes` clipped to its picture; their labels and attributes go with those dropped."""
    if not len(boxes):
        return sample.copy(boxes=boxes)
    height, width = sample.image.shape[:2]
    clipped = np.clip(boxes, 0, np.float32([width, height, width, height]))
    area = _area(clipped)
    kept = (area > 0) & (area >= MIN_VISIBLE * _area(boxes))
    attributes = sample.attributes
    if attributes is not None and attributes.ndim == 2:
        attributes = attributes[kept]
    return sample.copy(boxes=clipped[kept], labels=sample.labels[kept], attributes=attributes)


def _area(boxes):
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
