"""Which anchor or proposal of a picture learns which box, and which of them count in a step, in NumPy."""

from typing import NamedTuple

import numpy as np

from ..predict.decode_boxes import pairwise_iou


class Match(NamedTuple):
    """What P places of a picture are: label (P,) int64 1 learns a box, 0 is background, -1 does not count.

    box: (P,) int64, the row of the wanted boxes that a place overlaps most; 0 if there is none.
    """

    label: np.ndarray
    box: np.ndarray


def match(places, wanted, unclear, low, high, best=False):
    """A Match of (P, 4) places with the boxes of a picture (arXiv:1506.01497, section 3.1.2); all are xyxy pixels.

    A place that overlaps one of the (K, 4) `wanted` boxes by `high` or more learns it; below `low` it is background,
    unless it overlaps one of the (U, 4) `unclear` boxes by `low` or more. best: each wanted box is also learnt by the
    places that overlap it most, even if that is little; as in PaddleDetection they learn the box they overlap most.
    """
    overlap = pairwise_iou(wanted, places) if len(wanted) else np.zeros((1, len(places)), np.float32)
    most = overlap.max(axis=0)
    label = np.where(most >= high, 1, np.where(most < low, 0, -1))
    if len(unclear):
        label[(label == 0) & (pairwise_iou(unclear, places) >= low).any(axis=0)] = -1
    if best:
        label[((overlap == overlap.max(axis=1, keepdims=True)) & (overlap > 0)).any(axis=0)] = 1
    return Match(label, overlap.argmax(axis=0))


def sample(label, count, share, rng=None):
    """(places that learn a box, places of background) that count: at most `count`, at most `share` of it the former.

    label: (P,) of a Match. rng: numpy.random.Generator that chooses; None takes the first ones.
    """
    positive = _some(np.flatnonzero(label == 1), int(count * share), rng)
    return positive, _some(np.flatnonzero(label == 0), count - len(positive), rng)


def _some(places, count, rng):
    return places[:count] if rng is None else rng.permutation(places)[:count]


def split(true):
    """For each picture of a Truth (wanted boxes (K, 4), their labels (K,), weights (K,), unclear boxes (U, 4))."""
    whole = (true.boxes[..., 2:] > true.boxes[..., :2]).all(axis=-1)
    rows = zip(true.boxes, true.labels, true.weight, true.wanted & whole, true.there & ~true.wanted & whole)
    return [(boxes[wanted], labels[wanted], weight[wanted], boxes[unclear])
            for boxes, labels, weight, wanted, unclear in rows]
