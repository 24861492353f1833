"""The last steps before the network: uint8 pixels to normalised float32 planes."""

import cv2
import numpy as np

from .base import TRANSFORMS, Transform

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@TRANSFORMS.register
class Normalize(Transform):
    """(value * scale - mean) / std for each RGB channel, as float32.

    A uint8 picture takes one table look-up a value, which gives the same bits as the formula. The result is
    (H, W, 3), but lies in memory as planes, so that ToCHW has nothing left to copy.
    """

    deploy = True

    def __init__(self, mean=IMAGENET_MEAN, std=IMAGENET_STD, scale=1 / 255):
        if np.shape(mean) != (3,) or np.shape(std) != (3,) or not all(std):
            raise ValueError(f"mean and std must be three numbers each, std not 0; got {mean!r} and {std!r}")
        self.mean, self.std, self.scale = mean, std, scale
        levels = np.repeat(np.arange(256, dtype=np.float32)[:, None], 3, axis=1)
        self._tables = np.ascontiguousarray(self._formula(levels).T)

    def __call__(self, sample, rng=None):
        image = sample.image
        if image.dtype != np.uint8:
            return sample.copy(image=self._formula(image.astype(np.float32)))
        planes = np.empty((3, *image.shape[:2]), np.float32)
        for plane, table, out in zip(cv2.split(image), self._tables, planes):
            cv2.LUT(plane, table, dst=out)
        return sample.copy(image=planes.transpose(1, 2, 0))

    def _formula(self, values):
        return (values * np.float32(self.scale) - np.float32(self.mean)) / np.float32(self.std)


@TRANSFORMS.register
class ToCHW(Transform):
    """(H, W, 3) to the contiguous (3, H, W) float32 that a network takes."""

    deploy = True

    def __call__(self, sample, rng=None):
        return sample.copy(image=np.ascontiguousarray(sample.image.transpose(2, 0, 1), dtype=np.float32))
