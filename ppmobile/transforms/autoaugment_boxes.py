"""AutoAugment for detectors: learned rows of operations on the whole picture or inside single boxes."""

import numpy as np

from . import operations
from .base import TRANSFORMS, Transform
from .geometry import rotation
from .parts import FILL, check_number, flip, keep_boxes, pixels, warp
from .policies import POLICIES

# The ranges are those that the policies were published with (TensorFlow's detection models): shifts and squares are
# pixels of COCO pictures, whose longer side is 640, so that they are scaled with the picture here.
SIDE = 640
SHIFT = {"picture": 250, "box": 120}  # largest shift of the whole picture, and inside a box
SQUARE = {"picture": 100, "box": 50}  # half the side of the largest square that Cutout covers
PATCH = 0.75  # the largest patch of BBox_Cutout, in the sides of its box
SHARE = 1 / 3  # of an operation's probability counts for each box, if it acts inside boxes

# level: 0..1
_PIXELS = {
    "AutoContrast": lambda image, level: operations.autocontrast(image),
    "Equalize": lambda image, level: operations.equalize(image),
    "Posterize": lambda image, level: operations.posterize(image, 8 - round(4 * level)),
    "Solarize": lambda image, level: operations.solarize(image, 256 * level),
    "SolarizeAdd": lambda image, level: operations.solarize_add(image, int(110 * level)),
    "Color": lambda image, level: operations.color(image, 0.1 + 1.8 * level),
    "Contrast": lambda image, level: operations.contrast(image, 0.1 + 1.8 * level),
    "Brightness": lambda image, level: operations.brightness(image, 0.1 + 1.8 * level),
    "Sharpness": lambda image, level: operations.sharpness(image, 0.1 + 1.8 * level),
}
# level: -1..1, shift: pixels at level 1
_MOVES = {
    "ShearX": lambda level, shift, h, w: [[1, 0.3 * level, 0], [0, 1, 0]],
    "ShearY": lambda level, shift, h, w: [[1, 0, 0], [0.3 * level, 1, 0]],
    "TranslateX": lambda level, shift, h, w: [[1, 0, shift * level], [0, 1, 0]],
    "TranslateY": lambda level, shift, h, w: [[1, 0, 0], [0, 1, shift * level]],
    "Rotate": lambda level, shift, h, w: rotation(30 * level, h, w),
}


@TRANSFORMS.register
class AutoAugmentBoxes(Transform):
    """The operations of a randomly chosen row of a published policy (arXiv:1906.11172), with probability `p`.

    policy: v0 (that of the paper), v1, v2 or v3. Box-only operations change the pixels inside a box and leave
    the box. Cutout covers pixels and keeps the boxes.
    """

    def __init__(self, policy="v0", p=1.0):
        check_number("p", p, 0, 1)
        if policy not in POLICIES:
            raise ValueError(f"policy must be one of {', '.join(POLICIES)}, got {policy!r}")
        self.policy, self.p = policy, p

    def __call__(self, sample, rng):
        pixels(sample, self)
        if rng.random() >= self.p:
            return sample
        rows = POLICIES[self.policy]
        for name, probability, level in rows[rng.integers(len(rows))]:
            if name.endswith("_Only_BBoxes"):
                sample = operate_in_boxes(sample, name[: -len("_Only_BBoxes")], probability, level / 10, rng)
            elif rng.random() < probability:
                sample = operate(sample, name, level / 10, rng)
        return sample


def operate(sample, name, level, rng, within="picture", unit=None):
    """Apply the operation `name` of a policy at `level` 0..1 to the whole Sample; boxes follow where pixels move.

    within: "picture", or "box" for the smaller reach that an operation has inside a box. unit: size of a published
    pixel in pixels; by the size of the picture if None.
    """
    name = name.replace("_BBox", "")
    height, width = sample.image.shape[:2]
    unit = unit or max(height, width) / SIDE
    if name in _PIXELS:
        return sample.copy(image=_PIXELS[name](sample.image, level))
    if name in _MOVES:
        signed = level * rng.choice((-1, 1))
        return warp(sample, _MOVES[name](signed, SHIFT[within] * unit, height, width))
    if name == "Flip":
        return flip(sample)
    if name == "BBox_Cutout":
        return _cover_in_a_box(sample, PATCH * level, rng)
    half = round(SQUARE[within] * level * unit)  # Cutout
    return sample.copy(image=_covered(sample.image, (0, 0, width, height), (half, half), rng))


def operate_in_boxes(sample, name, probability, level, rng):
    """Apply an operation to the pixels inside each box with a third of `probability`; the boxes stay."""
    chosen = sample.boxes[rng.random(len(sample.boxes)) < probability * SHARE]
    if not len(chosen):
        return sample
    image, unit = sample.image.copy(), max(sample.height, sample.width) / SIDE
    bare = keep_boxes(sample.copy(mask=None, frame=None), np.zeros(len(sample.boxes), bool))
    # a loop over the few drawn boxes: their windows differ in size, and overlapping ones act on each other
    for left, top, right, bottom in _whole(chosen, sample).tolist():
        window = np.s_[top:bottom, left:right]
        image[window] = operate(bare.copy(image=image[window].copy()), name, level, rng, "box", unit).image
    return sample.copy(image=image)


def _whole(boxes, sample):
    """The boxes as whole pixels (N, 4) inside the picture, at least one pixel each."""
    limit = np.array([sample.width, sample.height])
    low = np.clip(np.floor(boxes[:, :2]), 0, limit - 1)
    high = np.clip(np.ceil(boxes[:, 2:]), low + 1, limit)
    return np.hstack([low, high]).astype(int)


def _cover_in_a_box(sample, share, rng):
    """Cover a patch, `share` of the sides of a random box, that is centred in that box."""
    if not len(sample.boxes):
        return sample
    box = _whole(sample.boxes[rng.integers(len(sample.boxes))][None], sample)[0]
    halves = [round(share * n / 2) for n in (box[3] - box[1], box[2] - box[0])]
    return sample.copy(image=_covered(sample.image, box, halves, rng))


def _covered(image, area, halves, rng):
    """The picture with a rectangle of 2 * halves (y, x) pixels in FILL, centred at random inside `area` xyxy."""
    left, top, right, bottom = area
    y, x = rng.integers(top, bottom), rng.integers(left, right)
    image = image.copy()
    image[max(0, y - halves[0]) : y + halves[0], max(0, x - halves[1]) : x + halves[1]] = FILL
    return image
