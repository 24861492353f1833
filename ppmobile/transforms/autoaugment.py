"""Learned and random mixtures of picture operations: AutoAugment and RandAugment."""

import cv2

from . import operations
from .base import TRANSFORMS, Transform
from .geometry import rotation
from .parts import check_number, pixels, warp

# Each turns a level in 0..1, a random sign, and the picture's size into a forward (2, 3) matrix or a call on pixels.
# The ranges at level 1 are those of arXiv:1805.09501, table 6; 150 / 331 is its shift on 331-pixel pictures.
_MOVES = {
    "ShearX": lambda level, sign, h, w: [[1, sign * 0.3 * level, 0], [0, 1, 0]],
    "ShearY": lambda level, sign, h, w: [[1, 0, 0], [sign * 0.3 * level, 1, 0]],
    "TranslateX": lambda level, sign, h, w: [[1, 0, sign * level * w * 150 / 331], [0, 1, 0]],
    "TranslateY": lambda level, sign, h, w: [[1, 0, 0], [0, 1, sign * level * h * 150 / 331]],
    "Rotate": lambda level, sign, h, w: rotation(sign * 30 * level, h, w),
}
_PIXELS = {
    "Identity": lambda image, level, sign: image,
    "AutoContrast": lambda image, level, sign: operations.autocontrast(image),
    "Equalize": lambda image, level, sign: operations.equalize(image),
    "Invert": lambda image, level, sign: operations.invert(image),
    "Posterize": lambda image, level, sign: operations.posterize(image, 8 - round(4 * level)),
    "Solarize": lambda image, level, sign: operations.solarize(image, 256 * (1 - level)),
    "Color": lambda image, level, sign: operations.color(image, 1 + sign * 0.9 * level),
    "Contrast": lambda image, level, sign: operations.contrast(image, 1 + sign * 0.9 * level),
    "Brightness": lambda image, level, sign: operations.brightness(image, 1 + sign * 0.9 * level),
    "Sharpness": lambda image, level, sign: operations.sharpness(image, 1 + sign * 0.9 * level),
}
_RANDOM = [name for name in (*_MOVES, *_PIXELS) if name != "Invert"]  # the 14 of arXiv:1909.13719

# (operation, probability, level of 9) twice in a row; the policy found on ImageNet, arXiv:1805.09501, table 9.
IMAGENET_POLICY = (
    (("Posterize", 0.4, 8), ("Rotate", 0.6, 9)),
    (("Solarize", 0.6, 5), ("AutoContrast", 0.6, 5)),
    (("Equalize", 0.8, 8), ("Equalize", 0.6, 3)),
    (("Posterize", 0.6, 7), ("Posterize", 0.6, 6)),
    (("Equalize", 0.4, 7), ("Solarize", 0.2, 4)),
    (("Equalize", 0.4, 4), ("Rotate", 0.8, 8)),
    (("Solarize", 0.6, 3), ("Equalize", 0.6, 7)),
    (("Posterize", 0.8, 5), ("Equalize", 1.0, 2)),
    (("Rotate", 0.2, 3), ("Solarize", 0.6, 8)),
    (("Equalize", 0.6, 8), ("Posterize", 0.4, 6)),
    (("Rotate", 0.8, 8), ("Color", 0.4, 0)),
    (("Rotate", 0.4, 9), ("Equalize", 0.6, 2)),
    (("Equalize", 0.0, 7), ("Equalize", 0.8, 8)),
    (("Invert", 0.6, 4), ("Equalize", 1.0, 8)),
    (("Color", 0.6, 4), ("Contrast", 1.0, 8)),
    (("Rotate", 0.8, 8), ("Color", 1.0, 2)),
    (("Color", 0.8, 8), ("Solarize", 0.8, 7)),
    (("Sharpness", 0.4, 7), ("Invert", 0.6, 8)),
    (("ShearX", 0.6, 5), ("Equalize", 1.0, 9)),
    (("Color", 0.4, 0), ("Equalize", 0.6, 3)),
    (("Equalize", 0.4, 7), ("Solarize", 0.2, 4)),
    (("Solarize", 0.6, 5), ("AutoContrast", 0.6, 5)),
    (("Invert", 0.6, 4), ("Equalize", 1.0, 8)),
    (("Color", 0.6, 4), ("Contrast", 1.0, 8)),
    (("Equalize", 0.8, 8), ("Equalize", 0.6, 3)),
)


def operate(sample, name, level, sign=1):
    """Apply the operation `name` to a Sample at `level` 0..1; boxes and mask follow where the pixels move.

    sign: 1 or -1, the direction of those operations that have two.
    """
    if name in _MOVES:
        return warp(sample, _MOVES[name](level, sign, sample.height, sample.width), cv2.INTER_LINEAR)
    return sample.copy(image=_PIXELS[name](sample.image, level, sign))


@TRANSFORMS.register
class AutoAugment(Transform):
    """Two operations of a randomly chosen row of the ImageNet policy (arXiv:1805.09501), with probability `p`."""

    def __init__(self, p=1.0):
        check_number("p", p, 0, 1)
        self.p = p

    def __call__(self, sample, rng):
        pixels(sample, self)
        if rng.random() >= self.p:
            return sample
        for name, probability, level in IMAGENET_POLICY[rng.integers(len(IMAGENET_POLICY))]:
            if rng.random() < probability:
                sample = operate(sample, name, level / 9, rng.choice((-1, 1)))
        return sample


@TRANSFORMS.register
class RandAugment(Transform):
    """`num` operations drawn from 14, each at `magnitude` of 10 (arXiv:1909.13719)."""

    def __init__(self, num=2, magnitude=9):
        check_number("num", num, 0)
        check_number("magnitude", magnitude, 0, 10)
        self.num, self.magnitude = num, magnitude

    def __call__(self, sample, rng):
        pixels(sample, self)
        for index in rng.integers(len(_RANDOM), size=self.num):
            sample = operate(sample, _RANDOM[index], self.magnitude / 10, rng.choice((-1, 1)))
        return sample
