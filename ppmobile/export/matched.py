"""Whether two sets of boxes say the same: partners are found by class and overlap, so that order does not matter.

fp32: a box that stays in one answer must be among the other's candidates, before suppression. Rounding decides which of
two boxes of equal score suppresses the other, and what an overlap just at the threshold does; it does not decide what
the net proposes. bf16 and int8: boxes after suppression are paired one to one.
"""

from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from ..predict.decode_boxes import EMPTY, nms, pairwise_iou, to_original

OVERLAP = {"fp32": 0.99, "bf16": 0.5, "int8": 0.5}  # IoU from which two boxes are partners
PIXELS = 0.1  # corners this close make partners in fp32, too: of thin boxes little less overlaps little
SCORE = 1e-3  # fp32: by how much partners' scores may differ, as a share of the largest score
BEST = 100  # candidates of a picture that `Found.best` is made of
FIRST = 1000  # candidates of a picture that are looked at first
FEW = 5  # boxes of a class that say something of it
SLACK = 0.05  # IoU around the threshold of suppression where it may go either way
NEAR = 0.98  # candidates are kept down to this share of the lowest score that matters


@dataclass
class Found:
    """What a detector says of one picture, in rows (k, 6): class, score, x1, y1, x2, y2 in pixels of the input.

    rows: after suppression. best: the same of the BEST highest scores, however low. candidates: before suppression,
    None if only the rows are known. raw: the graph's outputs for this picture, if their places mean the same in each
    answer. samples: of the raw outputs, as golden.json keeps them. problem: why there is nothing of this, or "".
    """

    rows: np.ndarray
    best: Optional[np.ndarray] = None
    candidates: Optional[np.ndarray] = None
    raw: Optional[list] = None
    samples: Optional[list] = None
    problem: str = ""


@dataclass(frozen=True)
class Pairs:
    """How two sets of boxes fit.

    boxes: how many of the reference were looked at. share: of the boxes of both that have a partner, weighted by score;
    lowest: that of the class where it is least, of classes with FEW boxes or more. overlap: IoU of partners,
    score_error: difference of their scores; the worst in fp32, the mean else. None where there are no boxes.
    """

    boxes: int
    share: Optional[float] = None
    lowest: Optional[float] = None
    overlap: Optional[float] = None
    score_error: Optional[float] = None


def found(boxes, scores, options, raw=None):
    """The Found of candidates (A, 4) or (A, C, 4) and (A, C). options: keywords of predict.decode_boxes.nms."""
    ranked = np.sort(scores, axis=None)[::-1]
    rows, low = _rows(boxes, scores, options, ranked)
    highest = float(ranked[min(BEST, len(ranked) - 1)])
    best, = nms(boxes[None], scores[None], **{**options, "score_threshold": highest})
    place, label = np.nonzero(scores >= NEAR * min(low, highest))
    box = boxes[place] if boxes.ndim == 2 else boxes[place, label]
    return Found(rows, best, np.column_stack([label, scores[place, label], box]).astype(np.float32), raw)


def _rows(boxes, scores, options, ranked):
    """(what nms gives, the score down to which candidates matter to it).

    An untrained net may score all it has above the threshold. Lower scores do not change what becomes of higher ones,
    so it is enough to look so far down that `keep` boxes stay. ranked: all scores, the highest first.
    """
    count, keep = FIRST, options["keep"]
    while True:
        low = float(ranked[count]) if 0 < keep and count < len(ranked) else 0.0
        low = max(low, options["score_threshold"])
        rows, = nms(boxes[None], scores[None], **{**options, "score_threshold": low})
        if low == options["score_threshold"] or len(rows) >= keep:
            return rows, low
        count *= 4


def inside(answer, size):
    """The Found with its rows cut at the borders of a picture of `size` (height, width), without what has no area left.

    It is what predictors show, and what a full graph answers.
    """
    rows, candidates = (to_original(part, (0, 0, size[1], size[0]), size) for part in (answer.rows, answer.candidates))
    return replace(answer, rows=rows, candidates=candidates)


def nothing(problem):
    """The Found of an answer that cannot be read."""
    return Found(EMPTY.copy(), EMPTY.copy(), EMPTY.copy(), problem=problem)


def same(got, want, options, kind="rows"):
    """The Pairs of two lists of Found, by the rule for fp32. kind: which of their rows, "rows" or "best"."""
    pairs = [(one, other, getattr(one, kind), getattr(other, kind)) for one, other in zip(got, want)]
    highest = max((float(rows[:, 1].max()) for *_, rows in pairs if len(rows)), default=options["score_threshold"])
    allowed, sides = SCORE * highest, []
    for one, other, mine, theirs in pairs:
        sides += [_partners(theirs, one.candidates, allowed), _returned(mine, other, allowed, options)]
    return _pairs(sides, sum(len(rows) for *_, rows in pairs), np.min, np.max)


def alike(got, want, level, precision, kind="rows"):
    """The Pairs of two lists of Found, by the rule for bf16 and int8.

    Boxes that score `level` or more count; the partner may score less, for a box may cross that line.
    """
    sides = []
    for mine, theirs in ((getattr(one, kind), getattr(other, kind)) for one, other in zip(got, want)):
        for rows, partners in ((theirs, mine), (mine, theirs)):
            sides.append(_one_to_one(rows[rows[:, 1] >= level], partners, OVERLAP[precision]))
    return _pairs(sides, sum(len(side) for side in sides[::2]), np.mean, np.mean)


def _pairs(sides, count, overlap, error):
    """The Pairs of arrays (k, 5): class, weight, whether there is a partner, IoU, difference of the scores."""
    rows = np.concatenate([np.zeros((0, 5)), *sides])
    if not len(rows):
        return Pairs(count)
    paired = rows[rows[:, 2] > 0]
    numbers = (float(overlap(paired[:, 3])), float(error(paired[:, 4]))) if len(paired) else (None, None)
    classes = [rows[rows[:, 0] == label] for label in np.unique(rows[:, 0])]
    return Pairs(count, _share(rows), min((_share(one) for one in classes if len(one) >= FEW), default=None), *numbers)


def _share(rows):
    return float((rows[:, 1] * rows[:, 2]).sum() / max(rows[:, 1].sum(), 1e-30))


def _partners(rows, candidates, allowed):
    """(k, 5) class, weight, whether there is a partner, IoU, difference of the scores, for each of the rows (k, 6)."""
    told = np.zeros((len(rows), 5))
    told[:, :2] = rows[:, :2]
    for label in np.unique(rows[:, 0]):
        mine = np.flatnonzero(rows[:, 0] == label)
        low, high = rows[mine, 1].min() - allowed, rows[mine, 1].max() + allowed
        near = candidates[(candidates[:, 0] == label) & (candidates[:, 1] >= low) & (candidates[:, 1] <= high)]
        if len(near):
            told[mine, 2:] = _closest(rows[mine], near, allowed)
    return told


def _closest(rows, candidates, allowed):
    """(k, 3) whether one of the candidates is the partner, its IoU, and the difference of the scores."""
    overlap = pairwise_iou(rows[:, 2:], candidates[:, 2:])
    apart = np.abs(rows[:, None, 2:] - candidates[None, :, 2:]).max(axis=2)
    overlap[apart <= PIXELS] = 1.0
    error = np.abs(rows[:, None, 1] - candidates[None, :, 1])
    fits = (overlap >= OVERLAP["fp32"]) & (error <= allowed)
    at = np.arange(len(rows)), np.where(fits, overlap, -1.0 - error).argmax(axis=1)
    return np.stack([fits[at], overlap[at], error[at]], axis=1)


def _returned(rows, want, allowed, options):
    """`_partners` of rows in the reference. Where only its rows are known, those are left out that it may have dropped.

    That is, those that another row of their class covers, or that score as little as what was not kept.
    """
    told = _partners(rows, want.rows if want.candidates is None else want.candidates, allowed)
    if want.candidates is not None:
        return told
    same_class = rows[:, None, 0] == want.rows[None, :, 0]
    limit = options["iou_threshold"] - SLACK
    covered = ((pairwise_iou(rows[:, 2:], want.rows[:, 2:]) > limit) & same_class).any(axis=1)
    full = 0 < options["keep"] <= len(want.rows)
    floor = float(want.rows[:, 1].min()) if full else options["score_threshold"]
    return told[(told[:, 2] > 0) | ~(covered | (rows[:, 1] <= floor + allowed))]


def _one_to_one(rows, partners, least):
    """(k, 5) as of `_partners`: each of the rows, the surest first, takes the free partner that it overlaps most."""
    rows = rows[np.argsort(-rows[:, 1], kind="stable")]
    told = np.zeros((len(rows), 5))
    told[:, :2] = rows[:, :2]
    overlap = pairwise_iou(rows[:, 2:], partners[:, 2:]) * (rows[:, None, 0] == partners[None, :, 0])
    for number in range(len(rows) if len(partners) else 0):  # a picture has a hundred rows at most
        best = int(overlap[number].argmax())
        if overlap[number, best] >= least:
            told[number, 2:] = 1, overlap[number, best], abs(rows[number, 1] - partners[best, 1])
            overlap[:, best] = -1
    return told
