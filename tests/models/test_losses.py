"""Losses of detectors against their formulas, computed by hand at single points."""

import math

import numpy as np
import paddle
import pytest

from ppmobile.models.losses import balanced_l1, distribution_focal, iou_loss, l1, sigmoid_focal, smooth_l1, varifocal

POINTS = paddle.to_tensor([0.0, 0.5, -0.5, 1.0, 3.0])
ZERO = paddle.zeros([5])


def test_l1():
    assert l1(POINTS, ZERO).tolist() == [0, 0.5, 0.5, 1, 3]


def test_smooth_l1():
    assert smooth_l1(POINTS, ZERO).tolist() == [0, 0.125, 0.125, 0.5, 2.5]


def test_balanced_l1_of_the_paper():
    """a = 0.5, g = 1.5: b = e^3 - 1; at 0.5 by the formula, and beyond 1 a line of slope g that meets it."""
    b = math.e**3 - 1
    half = 0.5 / b * (b / 2 + 1) * math.log(b / 2 + 1) - 0.25
    end = 0.5 / b * (b + 1) * 3 - 0.5
    assert balanced_l1(POINTS, ZERO).tolist() == pytest.approx([0, half, half, end, end + 3], rel=1e-5)


def test_balanced_l1_is_smooth_where_its_pieces_meet():
    x = paddle.to_tensor([1 - 1e-4, 1 + 1e-4], stop_gradient=False)
    balanced_l1(x, paddle.zeros([2])).sum().backward()
    assert x.grad.tolist() == pytest.approx([1.5, 1.5], rel=1e-3)


def test_iou_loss_has_a_gradient_towards_a_box_that_is_apart_only_by_giou_and_diou():
    for kind, moves in (("iou", False), ("giou", True), ("diou", True)):
        box = paddle.to_tensor([[0.0, 0, 10, 10]], stop_gradient=False)
        loss = iou_loss(box, paddle.to_tensor([[20.0, 0, 30, 10]]), kind)
        loss.sum().backward()
        assert (abs(box.grad.numpy()[0, 0]) > 1e-4) == moves and float(loss) >= 1


def test_sigmoid_focal_by_hand():
    """p = 0.9: -0.25 * 0.1^2 * ln 0.9 if it is a one, -0.75 * 0.9^2 * ln 0.1 if it is a zero."""
    logit = paddle.to_tensor([math.log(9.0)] * 2)
    got = sigmoid_focal(logit, paddle.to_tensor([1.0, 0.0])).numpy()
    assert got == pytest.approx(-np.log([0.9, 0.1]) * [0.25 * 0.01, 0.75 * 0.81], rel=1e-5)


def test_varifocal_by_hand():
    """Score 0.9: for a true class of quality 0.6 cross entropy times 0.6, else -0.75 * 0.9^2 * ln 0.1."""
    got = varifocal(paddle.to_tensor([0.9, 0.9, 1.0]), paddle.to_tensor([0.6, 0.0, 0.0])).numpy()
    true = -0.6 * (0.6 * np.log(0.9) + 0.4 * np.log(0.1))
    assert got == pytest.approx([true, -0.75 * 0.81 * np.log(0.1), 75], rel=1e-4)  # the logarithm ends at -100


def test_distribution_focal_by_hand():
    """Of probabilities 0.1, 0.2, 0.7 for 0, 1, 2: at 1.25 three quarters of -ln 0.2 and a quarter of -ln 0.7."""
    logits = paddle.to_tensor(np.log([[0.1, 0.2, 0.7]] * 2), dtype="float32")
    got = distribution_focal(logits, paddle.to_tensor([1.25, 0.0])).numpy()
    assert got == pytest.approx([-0.75 * np.log(0.2) - 0.25 * np.log(0.7), -np.log(0.1)], rel=1e-5)


def test_distribution_focal_is_least_where_the_mean_is_the_target():
    logits = paddle.zeros([1, 8])
    logits.stop_gradient = False
    optimizer = paddle.optimizer.Adam(0.3, parameters=[logits])
    for _ in range(150):
        distribution_focal(logits, paddle.to_tensor([2.3])).sum().backward()
        optimizer.step()
        optimizer.clear_grad()
    share = paddle.nn.functional.softmax(logits).numpy()[0]
    assert (share * np.arange(8)).sum() == pytest.approx(2.3, abs=0.05) and share[2:4].sum() > 0.95
