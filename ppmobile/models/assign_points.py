"""Which cell's centre learns which box, and how well it shall score, in NumPy for a whole batch: ATSS and TAL."""

from typing import NamedTuple

import numpy as np

from ..predict.anchors import cells
from ..predict.decode_boxes import pairwise_iou

INSIDE = 1e-9  # pixels by which a centre must lie inside its box
ANCHOR = 5.0  # side of the square that ATSS lays on each centre, in strides


class Points(NamedTuple):
    """The centres of all cells of all maps. centres: (A, 2) pixels. strides: (A,). counts: cells of each map."""

    centres: np.ndarray
    strides: np.ndarray
    counts: list


class PointTargets(NamedTuple):
    """What each place learns. box: (n, A) int64, number of its box, -1 for background. score: (n, A) float32, the
    quality that its class shall answer, 0 for background.
    """

    box: np.ndarray
    score: np.ndarray


def points(map_sizes, strides):
    """The Points of maps of (height, width) `map_sizes`, map by map, row by row."""
    maps = [(cells(*size).T + np.float32(0.5)) * np.float32(stride) for size, stride in zip(map_sizes, strides)]
    counts = [len(centres) for centres in maps]
    return Points(np.concatenate(maps), np.repeat(np.float32(strides), counts), counts)


def inside(centres, boxes):
    """(..., M, A) bool: whether each of the (A, 2) centres lies in each of the (..., M, 4) xyxy boxes."""
    boxes = boxes[..., None, :]
    return ((centres - boxes[..., :2] > INSIDE) & (boxes[..., 2:] - centres > INSIDE)).all(axis=-1)


def batch_iou(boxes, answers):
    """(n, M, A) overlaps of (n, M, 4) with (n, A, 4) xyxy boxes, or with the same (A, 4) for all pictures."""
    answers = np.broadcast_to(answers, (len(boxes), *answers.shape[-2:]))
    return np.stack([pairwise_iou(*pair) for pair in zip(boxes, answers)])


def matched_iou(first, second):
    """(P,) overlaps of (P, 4) xyxy boxes of some size with (P, 4) others, pair by pair."""
    sides = np.minimum(first[:, 2:], second[:, 2:]) - np.maximum(first[:, :2], second[:, :2])
    both = sides.clip(0).prod(axis=1)
    return both / ((first[:, 2:] - first[:, :2]).prod(axis=1) + (second[:, 2:] - second[:, :2]).prod(axis=1) - both)


def smallest(values, count):
    """(..., A) bool, `count` (or all A) in each row: where the smallest of (..., A) stand, the first of equal ones."""
    count = min(count, values.shape[-1])
    limit = np.partition(values, count - 1, axis=-1)[..., count - 1 : count]
    below, equal = values < limit, values == limit
    return below | (equal & (equal.cumsum(axis=-1) <= count - below.sum(axis=-1, keepdims=True)))


def assign_static(places, true, answers, nearest=9):
    """PointTargets by geometry alone (ATSS, arXiv:1912.02424, section 3.2): good for a net that knows nothing yet.

    Candidates of a box are the `nearest` centres of each map; it is learnt by those whose square overlaps it more than
    the mean plus the standard deviation of all candidates' overlaps, and whose centre lies in it.
    places: Points. true: assign.Truth. answers: (n, A, 4) xyxy boxes that the net answers; their overlap is the score.
    """
    half = (places.strides * ANCHOR / 2)[:, None]
    iou = batch_iou(true.boxes, np.concatenate([places.centres - half, places.centres + half], axis=1))
    middle = (true.boxes[..., :2] + true.boxes[..., 2:]) / 2
    distance = np.sqrt(((middle[:, :, None] - places.centres) ** 2).sum(axis=-1))
    near = np.concatenate([smallest(part, nearest) for part in np.split(
        distance, np.cumsum(places.counts[:-1]), axis=-1)], axis=-1)
    found = iou[near].reshape(*iou.shape[:2], -1)  # as many of each box
    limit = found.mean(axis=-1, keepdims=True) + found.std(axis=-1, keepdims=True, ddof=min(1, found.shape[-1] - 1))
    possible = near & (iou > limit) & inside(places.centres, true.boxes)
    box = _one_box_each(possible & true.wanted[..., None], iou, true.wanted)
    picture, place = np.nonzero(box >= 0)
    score = np.zeros(box.shape, np.float32)
    score[picture, place] = matched_iou(true.boxes[picture, box[picture, place]], answers[picture, place])
    return PointTargets(box, score)


def assign_aligned(places, true, answers, scores, best=13, power=6.0):
    """PointTargets by what the net answers (TAL of TOOD, arXiv:2108.07755, section 3.2).

    A box is learnt by the `best` centres in it of the largest alignment, score of its class * overlap ** power. The
    scores are the alignments, stretched so that a box's best place gets the largest overlap of its places.
    places: Points. true: assign.Truth. answers: (n, A, 4) xyxy pixels. scores: (n, A, C) in 0..1.
    """
    iou = batch_iou(true.boxes, answers)
    label = np.maximum(true.labels, 0)[:, None]
    alignment = np.take_along_axis(scores, label, axis=2).transpose(0, 2, 1) * iou ** np.float32(power)
    possible = inside(places.centres, true.boxes) & true.wanted[..., None]
    box = _one_box_each(smallest(-alignment * possible, best) & possible, iou, true.wanted)
    mine = box[:, None] == np.arange(true.labels.shape[1])[:, None]
    alignment, overlap = alignment * mine, (iou * mine).max(axis=-1, keepdims=True)
    alignment = alignment / (alignment.max(axis=-1, keepdims=True) + 1e-9) * overlap
    return PointTargets(box, alignment.max(axis=1).astype(np.float32))


def _one_box_each(chosen, iou, wanted):
    """(n, A) number of the box that each place learns, -1 for none; among several boxes the one of largest `iou`.

    That is the largest of all boxes, even if the place was no candidate of it, as in PaddleDetection.
    chosen, iou: (n, M, A). wanted: (n, M).
    """
    count = chosen.sum(axis=1)
    box = np.where(count > 1, np.where(wanted[..., None], iou, -1).argmax(axis=1), chosen.argmax(axis=1))
    return np.where(count > 0, box, -1)
