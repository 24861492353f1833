"""What a detector does wrong: each of its errors with a kind, the score and the boxes that it is about.

The kinds are those of TIDE (arXiv:2008.08121, section 2.2), without its "both wrong", which counts as a false alarm.
"""

from dataclasses import dataclass
from typing import Optional

import numpy as np

from ..predict.decode_boxes import pairwise_iou

OVERLAP, TOUCH = 0.5, 0.1  # least IoU with an object of a box that is right, and of one that is badly placed
KINDS = {  # in the order in which one looks at them
    "missed": "objects that no answer is about",
    "wrong class": "boxes that fit an object of another class",
    "badly placed": f"boxes on an object of their class that overlap it by less than {OVERLAP:g} (IoU)",
    "duplicate": "further boxes on an object that a surer one has found",
    "false alarm": "boxes where there is nothing of the kind",
}


@dataclass(frozen=True)
class BoxError:
    """One error. index: the picture's position in the dataset. score: the answer's; of a missed object that of the
    surest answer that was too unsure to count, 0 without one.

    box, label: the answered box (4,) and its class; None for a missed object. true_box, true_label: the object it is
    about; None for a false alarm.
    """

    kind: str
    index: int
    score: float
    box: Optional[np.ndarray] = None
    label: Optional[int] = None
    true_box: Optional[np.ndarray] = None
    true_label: Optional[int] = None


def box_errors(metric, threshold):
    """{"right": how many answers are, kind: [BoxError]} of a metric of boxes, such as VocMap.

    Answers that score less than `threshold` do not count. In each kind the surest come first; of the missed those that
    the model has not even suspected, and of these the largest. Difficult objects are neither right nor missed.
    """
    found, truth, indices = metric.found(), metric.truth(), metric.indices
    result = {"right": 0, **{kind: [] for kind in KINDS}}
    starts, ends = (np.searchsorted(part["picture"], np.arange(len(indices) + 1)) for part in (found, truth))
    for i, index in enumerate(indices):
        own, objects = slice(*starts[i:i + 2]), slice(*ends[i:i + 2])
        order = np.argsort(-found["score"][own], kind="stable")
        picture = _Picture({name: found[name][own][order] for name in ("box", "label", "score")},
                           {name: truth[name][objects] for name in ("box", "label", "difficult")}, threshold)
        result["right"] += int(picture.right.sum())
        for error in picture.errors(index):
            result[error.kind].append(error)
    for kind in KINDS:
        result[kind].sort(key=_rank)
    return result


def _rank(error):
    """What errors of a kind are sorted by."""
    if error.kind != "missed":
        return -error.score
    return error.score, -float(np.prod(error.true_box[2:] - error.true_box[:2]))


class _Picture:
    """The answers (surest first) and the objects of one picture, compared.

    right: (K,) bool, whether an answer is the surest on its object. kinds: (K,) what it is otherwise. target, rival:
    (K,) the object of its own and of another class that it overlaps most.
    """

    def __init__(self, answers, truth, threshold):
        # one object more, which nothing overlaps, spares the pictures without any
        self.truth = {"box": np.vstack([truth["box"], np.zeros((1, 4), np.float32)]),
                      "label": np.append(truth["label"], -1), "difficult": np.append(truth["difficult"], True)}
        self.answers = answers
        iou, alike = pairwise_iou(answers["box"], self.truth["box"]), answers["label"][:, None] == self.truth["label"]
        self.same, other = np.where(alike, iou, 0), np.where(alike, 0, iou)
        self.target, self.rival = self.same.argmax(1), other.argmax(1)
        fits = self.same.max(1) >= OVERLAP
        ignored = (np.where(alike & self.truth["difficult"], self._inside(iou), 0) >= OVERLAP).any(1)
        self.counted = (answers["score"] >= threshold) & ~ignored
        chosen = np.where(fits & self.counted, self.target, -1)
        self.right = np.isin(np.arange(len(chosen)), np.unique(chosen, return_index=True)[1]) & (chosen >= 0)
        tests = {"duplicate": fits, "wrong class": other.max(1) >= OVERLAP, "badly placed": self.same.max(1) >= TOUCH}
        self.kinds = np.select(list(tests.values()), list(tests), "false alarm")

    def _inside(self, iou):
        """(K, M) the share of each answer that lies in each object, from their `iou`."""
        areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (self.answers["box"], self.truth["box"])]
        return iou / (1 + iou) * (areas[0][:, None] + areas[1]) / np.maximum(areas[0], 1e-9)[:, None]

    def errors(self, index):
        """A generator of BoxErrors; index: the picture's position in the dataset."""
        about = set(self.target[self.right])
        for i in np.flatnonzero(self.counted & ~self.right):
            kind = str(self.kinds[i])
            place = {"wrong class": self.rival[i], "false alarm": None}.get(kind, self.target[i])
            about.add(place)
            yield BoxError(kind, index, float(self.answers["score"][i]), self.answers["box"][i],
                           int(self.answers["label"][i]), *self._object(place))
        suspected = np.where(self.same >= OVERLAP, self.answers["score"][:, None], 0).max(0, initial=0)
        for place in np.flatnonzero(~self.truth["difficult"]):
            if place not in about:
                yield BoxError("missed", index, float(suspected[place]), None, None, *self._object(place))

    def _object(self, place):
        """(box, label) of an object, nothing of None."""
        return () if place is None else (self.truth["box"][place], int(self.truth["label"][place]))
