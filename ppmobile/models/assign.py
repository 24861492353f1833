"""Which cell, anchor or prior learns which box: target assignment in NumPy, for a whole batch at once."""

from typing import NamedTuple

import numpy as np


class Truth(NamedTuple):
    """The true boxes of a batch. boxes: (n, M, 4) xyxy pixels. labels: (n, M). there, wanted: (n, M) bool, real rows,
    and those of them to learn; the others are difficult. weight: (n, M) float32, how much a row counts.
    """

    boxes: np.ndarray
    labels: np.ndarray
    there: np.ndarray
    wanted: np.ndarray
    weight: np.ndarray


def truth(batch):
    """The Truth of a batch of tensors: boxes and labels (-1 fills up), perhaps difficult, and weight from Mixup."""
    boxes, labels = batch["boxes"].numpy(), batch["labels"].numpy()
    there = labels >= 0
    wanted = there & ~batch["difficult"].numpy() if "difficult" in batch else there
    weight = batch["weight"].numpy() if "weight" in batch else there.astype(np.float32)
    return Truth(boxes, labels, there, wanted, weight)


class CellTargets(NamedTuple):
    """What P cells of one YOLO map shall learn; all arrays have P rows.

    picture, anchor, row, column: int64 (P,), where. offset: (P, 2) centre in its cell, 0..1. size: (P, 2) logarithm of
    sides over the anchor's. scale: (P,) 2 - the box's share of the picture, so that small boxes count more. weight:
    (P,) that of the box. boxes: (P, 4) xyxy pixels. classes: (P, C) 0 or 1. All float32.
    """

    picture: np.ndarray
    anchor: np.ndarray
    row: np.ndarray
    column: np.ndarray
    offset: np.ndarray
    size: np.ndarray
    scale: np.ndarray
    weight: np.ndarray
    boxes: np.ndarray
    classes: np.ndarray


def cells_for_boxes(truth, anchors, strides, map_sizes, num_classes, further=1.0):
    """A CellTargets for each map of a YOLOv3 head (arXiv:1804.02767, section 2.1).

    A box is learnt where its centre lies, by the one anchor of all maps whose shape overlaps it most, and by all that
    overlap it by more than `further`. If two boxes meet in one place, the one whose best anchor it is is learnt, else
    the later one, with the classes of both.
    truth: Truth. anchors: (L, K, 2) widths and heights in pixels. strides: L pixels. map_sizes: L times (height,
    width).
    """
    sides = truth.boxes[..., 2:] - truth.boxes[..., :2]
    known = np.nonzero(truth.wanted & (sides > 0).all(axis=-1))
    number, shape = _fitting_shapes(sides[known], anchors.reshape(-1, 2), further)
    picture = known[0][number]
    box, label, side, weight = (x[known][number] for x in (truth.boxes, truth.labels, sides, truth.weight))
    level, anchor = np.divmod(shape, anchors.shape[1])
    targets = []
    for index, (stride, (height, width)) in enumerate(zip(strides, map_sizes)):
        mine = np.flatnonzero(level == index)
        centre = (box[mine, :2] + box[mine, 2:]) / 2 / stride
        column, row = np.clip(centre.astype(np.int64), 0, (width - 1, height - 1)).T
        cell = ((picture[mine] * anchors.shape[1] + anchor[mine]) * height + row) * width + column
        kept, classes = _last_of_each(cell, label[mine], num_classes)
        rows, corner = mine[kept], np.stack([column, row], axis=1)
        share = side[rows].prod(axis=1) / (stride * stride * height * width)
        targets.append(CellTargets(
            picture[rows], anchor[rows], row[kept], column[kept], (centre - corner)[kept].astype(np.float32),
            np.log(side[rows] / anchors[index, anchor[rows]]).astype(np.float32),
            (2 - share).astype(np.float32), weight[rows], box[rows], classes))
    return targets


def _fitting_shapes(sides, shapes, further):
    """Numbers (P,) of boxes and (P,) of shapes: for each box the shape that overlaps it most, and all over `further`.

    sides: (N, 2) widths and heights of boxes. shapes: (A, 2). Each two are laid corner on corner. The shapes that
    overlap most come last, each in the order of the boxes.
    """
    both = np.minimum(sides[:, None], shapes).prod(axis=-1)
    iou = both / (sides.prod(axis=-1)[:, None] + shapes.prod(axis=-1) - both)
    own = np.arange(len(sides)), iou.argmax(axis=1)
    fits = iou > further
    fits[own] = False
    return tuple(np.concatenate(part) for part in zip(np.nonzero(fits), own))


def _last_of_each(cell, label, num_classes):
    """(P,) positions of the last of equal cells, and the (P, C) classes of all boxes in each."""
    _, position, group = np.unique(cell[::-1], return_index=True, return_inverse=True)
    classes = np.zeros((len(position), num_classes), np.float32)
    classes[group.reshape(-1), label[::-1]] = 1
    return len(cell) - 1 - position, classes


def boxes_for_priors(iou, wanted, threshold=0.5):
    """(n, A) bool which priors learn a box, and (n, A) int64 the box each overlaps most.

    A prior learns the box it overlaps by `threshold` or more; besides, each box is learnt by the prior that overlaps
    it most, even if that is little (arXiv:1512.02325, section 2.2). iou: (n, M, A). wanted: (n, M) bool.
    """
    iou = np.where(wanted[..., None], iou, -1.0)
    box = iou.argmax(axis=1)
    learnt = iou.max(axis=1) >= threshold
    picture, number = np.nonzero(iou.max(axis=2) > 0)
    prior = iou.argmax(axis=2)[picture, number]
    learnt[picture, prior] = True
    box[picture, prior] = number
    return learnt, box


def hard_negatives(loss, negative, positives, ratio=3.0, share=0.01):
    """(n, A) bool: the `negative` places of the largest loss, `ratio` times as many as there are positives.

    loss: (n, A). negative: (n, A) bool. positives: (n,) counts. share: of all places, taken from a picture without
    positives, so that it teaches background too (arXiv:1512.02325, section 2.2; the share as PaddleDetection).
    """
    order = np.argsort(-np.where(negative, loss, -1.0), axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    count = np.where(positives > 0, positives * ratio, loss.shape[1] * share)
    return negative & (rank < count[:, None])
