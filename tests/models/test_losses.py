"""Losses of detectors against their formulas, computed by hand at single points."""

import math

import numpy as np
import paddle
import pytest

from ppmobile.models.losses import balanced_l1, iou_loss, sigmoid_focal, smooth_l1

POINTS = paddle.to_tensor([0.0, 0.5, -0.5, 1.0, 3.0])
ZERO = paddle.zeros([5])


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
