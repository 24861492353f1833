"""A size of its own for each training batch, so that a detector meets objects at more scales than the data has."""

import cv2
import numpy as np

from .base import BATCH_TRANSFORMS, Transform
from .parts import height_width, interpolation


@BATCH_TRANSFORMS.register
class MultiScale(Transform):
    """Resize a whole batch to one of `sizes`, drawn anew for each batch and the same in all training processes.

    sizes: sides in pixels or [height, width] pairs. The pictures come in one size; let that be the largest of
    `sizes`, then nothing is enlarged. Called with a dict whose "image" is (N, 3, H, W) float32, it returns a new one
    with boxes and frames moved along.
    """

    def __init__(self, sizes, interp="area"):
        if not isinstance(sizes, (list, tuple)) or not sizes:
            raise ValueError(f"sizes must be a list of sides, got {sizes!r}")
        self.sizes, self.interp = sizes, interp
        self._sizes, self._flag = [height_width(size) for size in sizes], interpolation(interp)

    def __call__(self, batch, rng):
        height, width = self._sizes[rng.integers(len(self._sizes))]
        image = batch["image"]
        if image.shape[2:] == (height, width):
            return batch
        resized = np.empty((*image.shape[:2], height, width), np.float32)
        for planes, out in zip(image.reshape(-1, *image.shape[2:]), resized.reshape(-1, height, width)):
            cv2.resize(planes, (width, height), dst=out, interpolation=self._flag)
        factor = np.float32([width / image.shape[3], height / image.shape[2]] * 2)
        moved = {name: batch[name] * factor for name in ("boxes", "frame") if name in batch}
        return {**batch, "image": resized, **moved}
