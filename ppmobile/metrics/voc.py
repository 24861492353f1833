"""Mean average precision as Pascal VOC defines it: at IoU 0.5, over all recalls or at eleven of them."""

import numpy as np

from .base import METRICS
from .detections import Detections, plain

OVERLAP = 0.5  # least IoU of a box that is right


@METRICS.register
class VocMap(Detections):
    """AP at IoU 0.5, averaged over the classes that occur.

    map50: the area under the curve of precision against recall (VOC from 2010 on); map50_11: the mean of the
    precision at recalls 0, 0.1 .. 1 (VOC 2007). Of several boxes on one object the surest is right, the others are
    wrong; a box on a difficult object is neither. (Everingham et al., The Pascal VOC Challenge, IJCV 2010, 4.2)
    """

    main = "map50"

    def _measure(self):
        """A row {"recall", "precision" (K,), "area", "eleven"} a class; NaN for a class without boxes."""
        truth, found = self.truth(), self.found()
        order = np.argsort(-found["score"], kind="stable")
        verdict = verdicts(found, truth, order)
        counts, label = self.counts(), found["label"][order]
        return [curve(verdict[label == i], count) for i, count in enumerate(counts)]

    def result(self):
        """{"map50", "map50_11"}, 0..1. DataError if there are no boxes at all."""
        rows = self.measured()
        return {name: float(np.nanmean([row[key] for row in rows]))
                for name, key in (("map50", "area"), ("map50_11", "eleven"))}

    def per_class(self):
        """A row {"class", "boxes", "ap50", "ap50_11", "recall"} a class; None where it has no boxes."""
        rows = zip(self.classes, self.counts(), self.measured())
        return [{"class": name, "boxes": int(count), "ap50": plain(row["area"]), "ap50_11": plain(row["eleven"]),
                 "recall": plain(row["recall"][-1] if len(row["recall"]) else 0.0 if count else np.nan)}
                for name, count, row in rows]

    def curves(self):
        """A row {"class", "recall" (K,), "precision" (K,), "ap50"} for each class with boxes."""
        return [{"class": name, "recall": row["recall"], "precision": row["precision"], "ap50": float(row["area"])}
                for name, row in zip(self.classes, self.measured()) if not np.isnan(row["area"])]


def verdicts(found, truth, order):
    """(K,) int for the boxes found, surest first as `order` says: 1 right, 0 wrong, -1 on a difficult object."""
    target, overlap = nearest_objects(found, truth)
    target = np.where(overlap >= OVERLAP, target, -1)[order]
    _, first = np.unique(target, return_index=True)  # the surest box of each object
    verdict = np.zeros(len(target), int)
    verdict[first] = 1
    verdict[target < 0] = 0
    verdict[(target >= 0) & np.append(truth["difficult"], False)[target]] = -1
    return verdict


def nearest_objects(found, truth):
    """(K,) the object of the same class and picture that each box overlaps most, -1 if none, and (K,) their IoU."""
    target, overlap = np.full(len(found["box"]), -1), np.zeros(len(found["box"]))
    pictures = np.arange(found["picture"].max(initial=-1) + 2)
    ends, starts = np.searchsorted(found["picture"], pictures), np.searchsorted(truth["picture"], pictures)
    for i in pictures[:-1]:
        own, objects = slice(ends[i], ends[i + 1]), slice(starts[i], starts[i + 1])
        if own.start == own.stop or objects.start == objects.stop:
            continue
        iou = pairwise_iou(found["box"][own], truth["box"][objects])
        iou[found["label"][own, None] != truth["label"][objects]] = -1
        best = iou.argmax(1)
        overlap[own] = iou[np.arange(len(best)), best]
        target[own] = np.where(overlap[own] >= 0, objects.start + best, -1)
    return target, overlap


def pairwise_iou(first, second):
    """(N, M) intersection over union of boxes (N, 4) and (M, 4) xyxy; 0 where both are without area."""
    first, second = first[:, None].astype(np.float64), second[None].astype(np.float64)
    low, high = np.maximum(first[..., :2], second[..., :2]), np.minimum(first[..., 2:], second[..., 2:])
    shared = (high - low).clip(0).prod(-1)
    whole = sum((box[..., 2:] - box[..., :2]).clip(0).prod(-1) for box in (first, second)) - shared
    return np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)


def curve(verdict, count):
    """The row of `VocMap._measure` for one class of `count` objects, from its verdicts in order of score."""
    verdict = verdict[verdict >= 0]
    right = np.cumsum(verdict)
    recall, precision = right / (count or np.nan), right / np.arange(1, len(right) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1]  # the highest precision at this recall or beyond
    area = np.sum(np.diff(recall, prepend=0.0) * best) if count else np.nan
    reached = np.searchsorted(recall, np.linspace(0, 1, 11) - 1e-9) if count else ()
    eleven = np.append(best, 0.0)[reached].mean() if count else np.nan
    return {"recall": recall, "precision": precision, "area": area, "eleven": eleven}
