"""How sure a metric is: the same measure on pictures drawn again and again, with replacement, from those there are.

(Efron, Bootstrap methods, Annals of Statistics 7, 1979; percentile intervals.) What was found in each picture is
matched with its objects once; a resample only counts some pictures twice and others not at all.
"""

import numpy as np

from ..errors import PPMobileError
from ..metrics.voc import verdicts

RESAMPLES, LEVEL, SEED = 200, 0.95, 0


def weights(pictures, resamples=RESAMPLES, seed=SEED):
    """(resamples, pictures) int: how often each resample has each picture. Equal for equal numbers, so that two nets
    are compared on the same resamples.
    """
    return np.random.default_rng(seed).multinomial(pictures, np.full(pictures, 1 / pictures), size=resamples)


def interval(values, level=LEVEL):
    """(low, high) between which that share of the `values` of the resamples lies."""
    low, high = np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def resampled(metric, count):
    """(B,) values of the main number of a Metric, on resamples with `count` (B, N) of each of its N pictures.

    A resample without any object is NaN. PPMobileError for a metric that is not known here.
    """
    name = type(metric).__name__
    if name not in _VALUES:
        raise PPMobileError(f"eval.metric {name}: no interval is known for it; use one of {', '.join(_VALUES)}")
    return _VALUES[name](metric, np.asarray(count))


def _top1(metric, count):
    """Of TopK: a mean of right (1) and wrong (0) pictures."""
    right = np.ones(count.shape[1])
    right[metric.state()["index"]] = 0  # of the mistakes; all pictures of the data set were seen, so it is a position
    return count @ right / count.sum(1)


def _voc(metric, count):
    """Of VocMap: the area under the curve, the boxes of a picture as often as it was drawn."""
    truth, found = metric.truth(), metric.found()
    order = np.argsort(-found["score"], kind="stable")
    verdict, label, picture = verdicts(found, truth, order), found["label"][order], found["picture"][order]
    areas = []
    for number in range(len(metric.classes)):
        own = (label == number) & (verdict >= 0)
        areas.append(_areas(count[:, picture[own]] * verdict[own], count[:, picture[own]],
                            _objects(truth, number, count)))
    return _mean(np.stack(areas))


def _areas(right, all_boxes, objects):
    """(B,) area under precision against recall. right, all_boxes: (B, K) in order of score; objects: (B,).

    Copies of a box stand behind one another in a resample, and only the last of them can be on the envelope.
    """
    right, all_boxes = right.cumsum(1), all_boxes.cumsum(1)
    objects = np.where(objects > 0, objects, np.nan)[:, None]
    recall, precision = right / objects, right / np.maximum(all_boxes, 1)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    steps = np.diff(recall, axis=1, prepend=0.0)
    return np.where(np.isnan(objects[:, 0]), np.nan, (steps * best).sum(1))


def _objects(truth, number, count):
    """(B,) objects of a class that count, in each resample."""
    own = (truth["label"] == number) & ~truth["difficult"]
    return count[:, truth["picture"][own]].sum(1)


def _coco(metric, count):
    """Of CocoMap: precision at 101 recalls, mean over the ten IoU thresholds and the classes."""
    evaluation = metric.measured()
    parameters = evaluation.params
    pictures, areas = len(parameters.imgIds), len(parameters.areaRng)
    grid = np.array(parameters.recThrs)
    values = []
    for number in range(len(parameters.catIds)):
        first = number * areas * pictures  # of the area range "all", the first one
        values.append(_coco_class(evaluation.evalImgs[first:first + pictures], parameters.maxDets[-1], grid, count))
    return _mean(np.stack(values))


def _coco_class(matched, most, grid, count):
    """(B,) average precision of one class from COCOeval's matches, an entry (or None) a picture."""
    seen = [(place, one) for place, one in enumerate(matched) if one is not None]
    objects = sum((count[:, place] * int((~np.asarray(one["gtIgnore"], bool)).sum()) for place, one in seen),
                  np.zeros(len(count)))
    if not seen:
        return np.full(len(count), np.nan)
    score = np.concatenate([one["dtScores"][:most] for _, one in seen])
    picture = np.concatenate([np.full(len(one["dtScores"][:most]), place) for place, one in seen])
    order = np.argsort(-score, kind="mergesort")
    hit, ignored = (np.concatenate([np.asarray(one[key])[:, :most] for _, one in seen], axis=1)[:, order].astype(bool)
                    for key in ("dtMatches", "dtIgnore"))
    drawn = count[:, picture[order].astype(int)]
    per_iou = [_at_recalls(drawn * (hit[t] & ~ignored[t]), drawn * ~ignored[t], objects, grid)
               for t in range(len(hit))]
    return np.mean(per_iou, axis=0)


def _at_recalls(right, all_boxes, objects, grid):
    """(B,) mean over the recalls of `grid` of the best precision at that recall or beyond."""
    right, all_boxes = right.cumsum(1), all_boxes.cumsum(1)
    precision = right / np.maximum(all_boxes, np.spacing(1))
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    out = np.full(len(right), np.nan)
    for row in np.flatnonzero(objects > 0):
        place = np.searchsorted(right[row] / objects[row], grid, side="left")
        out[row] = np.append(best[row], 0.0)[place].mean()
    return out


def _mean(values):
    """(B,) mean over the classes (C, B) that a resample has objects of; NaN if it has none."""
    known = ~np.isnan(values)
    return np.where(known.any(0), np.where(known, values, 0).sum(0) / np.maximum(known.sum(0), 1), np.nan)


_VALUES = {"TopK": _top1, "VocMap": _voc, "CocoMap": _coco}
