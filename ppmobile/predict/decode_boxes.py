"""From a detector's numbers to boxes in the original picture, in NumPy, alike for every runtime.

The steps are `decode` (only for a graph that gives raw outputs), `nms`, and `to_original`.
"""

import numpy as np

from .decode_gfl import gfl
from .decode_ssd import ssd

CHUNK = 256  # candidates judged at once; the matrix of their overlaps stays in the processor's cache
EMPTY = np.zeros((0, 6), np.float32)


def decode(outputs, raw, size):
    """(n, A, 4) xyxy boxes in pixels of the input and (n, A, C) scores of a detector's raw outputs.

    Of a two-stage detector (n, A, C, 4) boxes, one for each class.
    outputs: list of arrays, as the graph gives them. raw: what the head's raw() said. size: (height, width) of the
    input. Equal to the head's answer(). ValueError for outputs of another number than `raw` speaks of.
    """
    if raw["kind"] == "gfl":
        return gfl(outputs, raw)
    if raw["kind"] == "rcnn":  # decoded in the graph already, where the proposals are
        boxes, scores = outputs
        return boxes, scores
    return _yolo(outputs, raw, size) if raw["kind"] == "yolo" else ssd(outputs, raw, size)


def _yolo(outputs, raw, size):
    """YOLOv3 (arXiv:1804.02767, section 2.1): sigmoid centres in their cells, exponential sides of the anchors."""
    if len(outputs) != len(raw["strides"]):
        raise ValueError(f"{len(outputs)} maps for {len(raw['strides'])} strides")
    boxes, scores, scale = [], [], raw["scale_xy"]
    for output, stride, anchors in zip(outputs, raw["strides"], raw["anchors"]):
        n, _, height, width = output.shape
        rows = output.reshape(n, len(anchors), -1, height * width)
        cell = np.stack(np.divmod(np.arange(height * width), width)[::-1])
        centres = (_sigmoid(rows[:, :, :2]) * scale - (scale - 1) / 2 + cell.astype(np.float32)) * stride
        half = np.exp(rows[:, :, 2:4]) * np.float32(anchors)[None, :, :, None] / 2
        box = np.concatenate([centres - half, centres + half], axis=2)
        score = _sigmoid(rows[:, :, 4:5]) * _sigmoid(rows[:, :, 5:])
        boxes.append(box.transpose(0, 1, 3, 2).reshape(n, -1, 4))
        scores.append(score.transpose(0, 1, 3, 2).reshape(n, -1, score.shape[2]))
    limit = np.float32([size[1] - 1, size[0] - 1] * 2)  # the last pixel ends the picture, as in PaddleDetection
    return np.clip(np.concatenate(boxes, axis=1), 0, limit), np.concatenate(scores, axis=1)


def _sigmoid(x):
    with np.errstate(over="ignore"):  # an overflow is the right answer 0
        return 1 / (1 + np.exp(-x))


def nms(boxes, scores, score_threshold=0.01, iou_threshold=0.45, top_k=1000, keep=100):
    """A list with an array (k, 6) float32 for each picture: class, score, x1, y1, x2, y2.

    Non-maximum suppression class by class: of the boxes that score more than score_threshold, the best top_k; of
    these, each that does not overlap a better one that stays by more than iou_threshold; of all classes together the
    best `keep`. Classes in order, in a class the best first. -1 for top_k or keep means all. The order and the
    choice among equals are those of PaddleDetection's multiclass_nms.
    boxes: (n, A, 4) xyxy, or (n, A, C, 4) if each class has its own. scores: (n, A, C).
    """
    return [_picture(*pair, score_threshold, iou_threshold, top_k, keep) for pair in zip(boxes, scores)]


def _picture(boxes, scores, score_threshold, iou_threshold, top_k, keep):
    found = []
    for label in np.flatnonzero((scores > score_threshold).any(axis=0)):
        score = scores[:, label]
        chosen = np.flatnonzero(score > score_threshold)
        chosen = chosen[np.argsort(-score[chosen], kind="stable")]
        chosen = chosen if top_k < 0 else chosen[:top_k]
        box = boxes[chosen] if boxes.ndim == 2 else boxes[chosen, label]
        kept = suppress(box, iou_threshold, keep)
        rows = np.empty((len(kept), 6), np.float32)
        rows[:, 0], rows[:, 1], rows[:, 2:] = label, score[chosen[kept]], box[kept]
        found.append(rows)
    if not found:
        return EMPTY.copy()
    found = np.concatenate(found)
    if 0 <= keep < len(found):
        found = found[np.sort(np.argsort(-found[:, 1], kind="stable")[:keep])]
    return found


def suppress(boxes, threshold, keep=-1):
    """Numbers of the (N, 4) xyxy `boxes`, best first, that overlap no better one that stays by more than `threshold`.

    keep: enough when so many stay; -1 for all. The boxes are judged by chunks: first against those that stay from
    earlier chunks, then among themselves.
    """
    kept = np.zeros(0, np.int64)
    for start in range(0, len(boxes), CHUNK):
        if 0 <= keep <= len(kept):
            break
        rest = np.arange(start, min(start + CHUNK, len(boxes)))
        rest = rest[(pairwise_iou(boxes[rest], boxes[kept]) <= threshold).all(axis=1)]
        kept = np.concatenate([kept, rest[_survivors(pairwise_iou(boxes[rest], boxes[rest]) > threshold)]])
    return kept if keep < 0 else kept[:keep]


def _survivors(conflict):
    """(N,) bool: who stays if each, in order, removes all later ones it is in `conflict` (N, N) with.

    Repeating "stay unless one that stays removes you" settles the first undecided one each time, so it ends after as
    many rounds as the longest chain of removals, usually three or four (arXiv:2005.03572, section 3.3).
    """
    earlier = np.triu(conflict, 1)
    stays = np.ones(len(conflict), bool)
    while True:
        after = ~earlier[stays].any(axis=0)
        if np.array_equal(after, stays):
            return stays
        stays = after


def pairwise_iou(first, second):
    """(M, N) intersection over union of (M, 4) and (N, 4) xyxy boxes; 0 where both are empty."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    sides = np.clip(np.minimum(first[:, None, 2:], second[None, :, 2:]) - low, 0, None)
    both = sides[..., 0] * sides[..., 1]
    union = _area(first)[:, None] + _area(second)[None] - both
    return np.divide(both, union, out=np.zeros_like(both), where=union > 0)


def _area(boxes):
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0, None)
    return sides[:, 0] * sides[:, 1]


def to_original(found, frame, size):
    """The rows (k, 6) of `nms` in pixels of the original picture, cut at its borders; what is left of nothing goes.

    frame: (4,) where the original picture lies in the input, xyxy in pixels. size: (height, width) of the original.
    """
    height, width = size
    frame = np.asarray(frame, np.float64)
    scale = np.float64([width, height]) / (frame[2:] - frame[:2])
    boxes = (found[:, 2:] - np.tile(frame[:2], 2)) * np.tile(scale, 2)
    boxes = np.clip(boxes, 0, np.float64([width, height, width, height])).astype(np.float32)
    found = np.concatenate([found[:, :2], boxes], axis=1)
    return found[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]
