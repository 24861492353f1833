"""The distillation of SSD and of both stages of Faster R-CNN against loops in NumPy."""

import numpy as np
import paddle
import pytest

from ppmobile.models.heads.faster_rcnn import FasterRCNNHead, Half
from ppmobile.slim.distill.boxes import rcnn_losses, ssd_losses

RNG = np.random.default_rng(4)


def numbers(*shape):
    return RNG.normal(0, 1.5, shape).astype(np.float32)


def tensors(arrays):
    return [paddle.to_tensor(x) for x in arrays]


def softmax(x):
    e = np.exp(np.float64(x))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.float64(x)))


def divergence(p, q):
    return (p * np.log(p / q)).sum()


@pytest.mark.parametrize("background, temperature", [(0.0, 1.0), (9.0, 2.0)])
def test_ssd_counts_boxes_by_the_chance_of_an_object(background, temperature):
    """background: added to its logit; with 9 hardly a place shows an object, and the divisor is 1."""
    student, teacher = ([numbers(2, 7, 4), numbers(2, 7, 4)] for _ in range(2))
    teacher[1][:, :, -1] += background
    sure = 1 - softmax(teacher[1])[:, :, -1]
    total = max(1.0, sure.sum())
    box = sum(sure[n, a] * np.abs(student[0][n, a] - teacher[0][n, a]).sum() for n, a in np.ndindex(2, 7)) / total
    classes = sum(divergence(softmax(teacher[1][n, a] / temperature), softmax(student[1][n, a] / temperature))
                  for n, a in np.ndindex(2, 7)) * temperature**2 / total
    found = ssd_losses(None, tensors(student), tensors(teacher), temperature)
    assert float(found["loss_kd_box"]) == pytest.approx(box, rel=1e-4)
    assert float(found["loss_kd_cls"]) == pytest.approx(classes, rel=1e-4)


def test_rcnn_compares_anchors_and_what_both_say_of_the_same_regions():
    paddle.seed(3)
    heads = [FasterRCNNHead([4], [8], 3, width=8, after=5, rpn_samples=16) for _ in range(2)]
    halves = [Half(tensors([numbers(2, 3, 4, 4)]), tensors([numbers(2, 12, 4, 4)]), tensors([numbers(2, 4, 4, 4)]),
                   (32, 32)) for _ in range(2)]
    (own, other), (student, teacher) = halves, heads
    found = rcnn_losses(student, own, (other, teacher), weights=[1.0, 2.0])
    first = 0.0
    s, t, move, wanted = (x[0].numpy() for x in (own.scores, other.scores, own.deltas, other.deltas))
    for n, k, row, column in np.ndindex(2, 3, 4, 4):
        p, q = sigmoid(t[n, k, row, column]), sigmoid(s[n, k, row, column])
        first += p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
        first += p * np.abs(move[n, 4 * k:4 * k + 4, row, column] - wanted[n, 4 * k:4 * k + 4, row, column]).sum()
    assert float(found["loss_kd_rpn"]) == pytest.approx(first / (2 * 16), rel=1e-4)

    boxes = student.rpn.propose(own.scores, own.deltas, own.size, *student.limits).reshape([-1, 4])
    (logits, deltas), (likely, moves) = (
        [x.numpy() for x in head.roi(half.features, boxes, [5, 5])] for head, half in zip(heads, halves))
    second = sum(divergence(softmax(b), softmax(a)) for a, b in zip(logits, likely)) / 10
    box = sum(softmax(likely[r])[c] * np.abs(deltas[r, c] - moves[r, c]).sum() for r, c in np.ndindex(10, 3)) / 10
    assert float(found["loss_kd_cls"]) == pytest.approx(2 * second, rel=1e-3)
    assert float(found["loss_kd_box"]) == pytest.approx(2 * box, rel=1e-3)
