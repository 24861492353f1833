"""One labelled picture, the thing that flows from the readers through the transforms into a batch."""

from dataclasses import dataclass, field, replace
from typing import Optional

import numpy as np


def no_boxes():
    """An empty (0, 4) array of boxes."""
    return np.zeros((0, 4), np.float32)


def no_labels():
    """An empty (0,) array of box labels."""
    return np.zeros((0,), np.int64)


@dataclass
class Sample:
    """A picture and all that is known of it; a transform acts on every part at once.

    image: (H, W, 3) uint8 RGB; float32 after Normalize; (3, H, W) after ToCHW.
    label: class of the whole picture, -1 if it has none.
    boxes: (N, 4) float32 xyxy in pixels. labels: (N,) int64, the class of each box.
    mask: (H, W) uint8 class of each pixel, or None.
    attributes: int64, (A,) of the picture or (N, A) of its boxes, -1 = unknown; or None.
    difficult: (N,) bool, boxes that are neither trained on nor counted (difficult of VOC, crowd of COCO); or None.
    size: (height, width) of the picture as it was read, or None. frame: (4,) float32 xyxy, where that picture lies
    in the present pixels, by which answers find back to it (see frame.py); x1 > x2 once it is mirrored; or None.
    path, index: where it came from: the file, and its position in the dataset.
    """

    image: np.ndarray
    label: int = -1
    boxes: np.ndarray = field(default_factory=no_boxes)
    labels: np.ndarray = field(default_factory=no_labels)
    mask: Optional[np.ndarray] = None
    attributes: Optional[np.ndarray] = None
    difficult: Optional[np.ndarray] = None
    frame: Optional[np.ndarray] = None
    size: Optional[tuple] = None
    path: str = ""
    index: int = -1

    @property
    def height(self):
        """Rows of the picture while it is (H, W, 3)."""
        return self.image.shape[0]

    @property
    def width(self):
        """Columns of the picture while it is (H, W, 3)."""
        return self.image.shape[1]

    def copy(self, **changes):
        """A shallow copy with some parts replaced."""
        return replace(self, **changes)
