"""The way back from the pixels that a net sees to those of the picture as it was read."""

import numpy as np


def whole(sample):
    """The freshly read Sample with its size noted, its frame the whole picture."""
    size = sample.height, sample.width
    return sample.copy(size=size, frame=np.float32([0, 0, size[1], size[0]]))


def to_original(boxes, frame, size):
    """Boxes (..., N, 4) xyxy of the present pixels in those of the original picture, as float32.

    frame: (..., 4) xyxy, where the original lies in the present pixels. size: (..., 2) its (height, width). The
    boxes are not clipped. A mirrored frame (x1 > x2) mirrors them back.
    """
    boxes, frame, size = (np.asarray(a, np.float64) for a in (boxes, frame, size))
    start, end = frame[..., None, :2], frame[..., None, 2:]
    scale = size[..., None, ::-1] / (end - start)
    corners = [(boxes[..., i:i + 2] - start) * scale for i in (0, 2)]
    return np.concatenate([np.minimum(*corners), np.maximum(*corners)], axis=-1).astype(np.float32)
