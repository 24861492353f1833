"""Geometry of boxes on tensors: overlaps and the deltas a head learns, all at once for any number of boxes."""

import math

import paddle
import paddle.nn.functional as F

from .blocks import one_of

KINDS = ("iou", "giou", "diou")
STD = (0.1, 0.1, 0.2, 0.2)  # by which SSD scales the deltas of x, y, w, h (arXiv:1512.02325)
LARGEST = math.log(1000 / 16)  # logarithm by which a side may grow, as in PaddleDetection: a fresh net may say anything
STEEP = 1e6  # per pixel; float32 numbers above 16 differ by more than 1 / STEEP
TINY = 1e-9  # keeps the overlap of two empty boxes at 0


def corners(centres, sizes):
    """(..., 2) centres and (..., 2) widths and heights to (..., 4) xyxy."""
    return paddle.concat([centres - sizes / 2, centres + sizes / 2], axis=-1)


def constant(values):
    """(len(values),) float32 tensor. In a graph it is not one block of values, which Paddle Lite cannot read."""
    if paddle.in_dynamic_mode():
        return paddle.to_tensor(values, dtype="float32")
    return paddle.concat([paddle.full([1], float(value), "float32") for value in values])


def at_least(values, limit):
    """1.0 where a tensor of pixels is `limit` or more, else 0.0; Paddle Lite compares unlike shapes wrongly."""
    return ((values - limit) * STEEP + 1).clip(0, 1)


def moved(boxes, deltas, std, size):
    """(..., 4) xyxy boxes: `decode` for use in a graph, with sides that grow at most by a factor of 62.5.

    What lies outside of an input of size (height, width) is cut off. boxes: (..., 4), deltas: (..., 4) that broadcast.
    """
    sides, centres = boxes[..., 2:] - boxes[..., :2], (boxes[..., :2] + boxes[..., 2:]) / 2
    centres = centres + deltas[..., :2] * std[0] * sides
    half = paddle.exp((deltas[..., 2:] * std[2]).clip(max=LARGEST)) * sides / 2
    found = paddle.concat([centres - half, centres + half], axis=-1)
    return paddle.minimum(F.relu(found), constant([size[1], size[0]] * 2))


def area(boxes):
    """(...) areas of (..., 4) xyxy boxes; 0 for a swapped or empty one."""
    sizes = (boxes[..., 2:] - boxes[..., :2]).clip(min=0)
    return sizes[..., 0] * sizes[..., 1]


def pairwise_iou(first, second):
    """(..., M, N) intersection over union of each of (..., M, 4) with each of (..., N, 4) xyxy boxes."""
    a, b = first.unsqueeze(-2), second.unsqueeze(-3)
    width = (paddle.minimum(a[..., 2], b[..., 2]) - paddle.maximum(a[..., 0], b[..., 0])).clip(min=0)
    height = (paddle.minimum(a[..., 3], b[..., 3]) - paddle.maximum(a[..., 1], b[..., 1])).clip(min=0)
    both = width * height
    return both / (area(first).unsqueeze(-1) + area(second).unsqueeze(-2) - both + TINY)


def overlap(first, second, kind="iou"):
    """(...) overlap of the boxes of two (..., 4) xyxy tensors, pair by pair.

    kind: "iou", 0..1; "giou" (arXiv:1902.09630), less by the share of the hull that neither box fills; "diou"
    (arXiv:1911.08287), less by the squared distance of the centres over that of the hull's corners. The last two
    also tell boxes apart that do not meet, and reach down to -1.
    """
    one_of("kind", kind, KINDS)
    low, high = paddle.maximum(first[..., :2], second[..., :2]), paddle.minimum(first[..., 2:], second[..., 2:])
    both = area(paddle.concat([low, high], axis=-1))
    union = area(first) + area(second) - both + TINY
    if kind == "iou":
        return both / union
    low, high = paddle.minimum(first[..., :2], second[..., :2]), paddle.maximum(first[..., 2:], second[..., 2:])
    if kind == "giou":
        hull = area(paddle.concat([low, high], axis=-1)) + TINY
        return both / union - (hull - union) / hull
    apart = (first[..., :2] + first[..., 2:] - second[..., :2] - second[..., 2:]) / 2
    return both / union - (apart**2).sum(-1) / (((high - low) ** 2).sum(-1) + TINY)


def encode(boxes, anchors, std):
    """(..., 4) deltas that move `anchors` to `boxes`, both (..., 4) xyxy with positive sides.

    ((x - xa) / wa, (y - ya) / ha, log(w / wa), log(h / ha)) / std, of centres and sides (arXiv:1311.2524, C). std: four
    numbers, which bring the deltas to about the same size.
    """
    sizes, wanted = anchors[..., 2:] - anchors[..., :2], boxes[..., 2:] - boxes[..., :2]
    shift = (boxes[..., :2] + boxes[..., 2:] - anchors[..., :2] - anchors[..., 2:]) / 2 / sizes
    return paddle.concat([shift, paddle.log(wanted / sizes)], axis=-1) / paddle.to_tensor(std, dtype=boxes.dtype)


def decode(deltas, anchors, std):
    """(..., 4) xyxy boxes: the inverse of `encode`, for deltas (..., 4) and anchors that broadcast to them."""
    sizes = anchors[..., 2:] - anchors[..., :2]
    centres = (anchors[..., :2] + anchors[..., 2:]) / 2
    deltas = deltas * paddle.to_tensor(std, dtype=deltas.dtype)
    return corners(centres + deltas[..., :2] * sizes, paddle.exp(deltas[..., 2:]) * sizes)
