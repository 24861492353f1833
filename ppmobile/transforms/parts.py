"""Resize, crop, flip, pad or warp every part of a Sample at once, so that boxes and masks never lose their picture.

The frame, where the picture as it was read lies, moves along and is never clipped. Coordinates are continuous: pixel
(row, column) covers [column, column + 1) x [row, row + 1), and a box (x1, y1, x2, y2) ends where the next pixel
begins.
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
    boxes, frame = _each(sample, lambda boxes: (boxes * factor).astype(np.float32))
    return sample.copy(image=image, mask=mask, boxes=boxes, frame=frame)


def crop(sample, top, left, height, width):
    """Cut out a window that lies inside the picture. Boxes are clipped, or dropped if hardly visible."""
    window = np.s_[top : top + height, left : left + width]
    mask = None if sample.mask is None else sample.mask[window]
    boxes, frame = _each(sample, lambda boxes: boxes - np.float32([left, top, left, top]))
    return _with_boxes(sample.copy(image=sample.image[window], mask=mask, frame=frame), boxes)


def flip(sample):
    """Mirror left to right. The frame's x1 becomes larger than its x2, which tells that it is mirrored."""
    mask = None if sample.mask is None else cv2.flip(sample.mask, 1)
    width = np.float32([sample.width, 0, sample.width, 0])
    boxes, frame = _each(sample, lambda boxes: width + boxes * np.float32([-1, 1, -1, 1]))
    return sample.copy(image=cv2.flip(sample.image, 1), mask=mask, boxes=boxes[:, [2, 1, 0, 3]], frame=frame)


def pad(sample, top, left, height, width, fill=FILL):
    """Lay the picture on a (height, width) canvas with its corner at (top, left), in RGB colour `fill`."""
    rest = (top, height - top - sample.height, left, width - left - sample.width)
    if not any(rest):
        return sample
    image = cv2.copyMakeBorder(sample.image, *rest, cv2.BORDER_CONSTANT, value=tuple(fill))
    mask = sample.mask
    if mask is not None:
        mask = cv2.copyMakeBorder(mask, *rest, cv2.BORDER_CONSTANT, value=IGNORE)
    boxes, frame = _each(sample, lambda boxes: boxes + np.float32([left, top, left, top]))
    return sample.copy(image=image, mask=mask, boxes=boxes, frame=frame)


def warp(sample, matrix, flag=cv2.INTER_LINEAR, fill=FILL):
    """Move each point p of the picture to A p + t, for a (2, 3) `matrix` [A | t]; the size stays.

    A box becomes the upright box around its four moved corners, and so does the frame.
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
    boxes, frame = _each(sample, lambda boxes: _warped(boxes, matrix))
    return _with_boxes(sample.copy(image=image, mask=mask, frame=frame), boxes)


def keep_boxes(sample, kept):
    """The sample with those boxes for which `kept` (N,) bool is true, and what belongs to them."""
    rows = {"boxes": sample.boxes[kept], "labels": sample.labels[kept]}
    if sample.attributes is not None and sample.attributes.ndim == 2:
        rows["attributes"] = sample.attributes[kept]
    if sample.difficult is not None:
        rows["difficult"] = sample.difficult[kept]
    return sample.copy(**rows)


def _each(sample, move):
    """(boxes, frame) of the sample, both moved by a function on (N, 4) boxes; a frame of None stays None."""
    frame = None if sample.frame is None else move(sample.frame[None])[0]
    return move(sample.boxes), frame


def _warped(boxes, matrix):
    """The upright boxes around (N, 4) boxes after the (2, 3) matrix; a mirrored one (x1 > x2) stays mirrored if the
    matrix does not turn it."""
    corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2) @ matrix[:, :2].T + matrix[:, 2]
    low, high = corners.min(axis=1), corners.max(axis=1)
    mirrored = boxes[:, :2] > boxes[:, 2:]
    return np.hstack([np.where(mirrored, high, low), np.where(mirrored, low, high)]).astype(np.float32)


def _with_boxes(sample, boxes):
    """The sample with `boxes` clipped to its picture; those hardly visible are dropped."""
    if not len(boxes):
        return sample.copy(boxes=boxes)
    height, width = sample.image.shape[:2]
    clipped = np.clip(boxes, 0, np.float32([width, height, width, height]))
    area = _area(clipped)
    return keep_boxes(sample.copy(boxes=clipped), (area > 0) & (area >= MIN_VISIBLE * _area(boxes)))


def _area(boxes):
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
