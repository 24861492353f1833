"""Samples of equal size stacked to the batch of a task, as NumPy arrays."""

import numpy as np


def of_classes(samples):
    """{label (n,) int64}: the class of each picture."""
    return {"label": np.array([s.label for s in samples], np.int64)}


def of_boxes(samples):
    """The boxes of each picture in the pixels the net sees, padded to the largest count of the batch, M >= 1.

    boxes (n, M, 4) float32 xyxy, zeros behind the last; labels (n, M) int64, -1 there; difficult (n, M) bool;
    frame (n, 4) float32, where the original picture lies; size (n, 2) int64, its (height, width).
    """
    most = max(1, max(len(s.boxes) for s in samples))
    boxes = np.zeros((len(samples), most, 4), np.float32)
    labels = np.full((len(samples), most), -1, np.int64)
    difficult = np.zeros((len(samples), most), bool)
    for row, sample in enumerate(samples):
        count = len(sample.boxes)
        boxes[row, :count], labels[row, :count] = sample.boxes, sample.labels
        if sample.difficult is not None:
            difficult[row, :count] = sample.difficult
    return {"boxes": boxes, "labels": labels, "difficult": difficult,
            "frame": np.stack([s.frame for s in samples]), "size": np.array([s.size for s in samples], np.int64)}


TARGETS = {"classify": of_classes, "detect": of_boxes}


def collate(samples, task):
    """The batch of a task: image (n, 3, H, W) float32, index (n,) int64 in the dataset, and the task's targets."""
    return {"image": np.stack([s.image for s in samples]), **TARGETS[task](samples),
            "index": np.array([s.index for s in samples], np.int64)}
