"""Losses counted by hand on four pictures of two classes."""

import numpy as np
import pytest

from ppmobile.slim.loss import Loss, compare, log_error

FP32 = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
INT8 = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.4, 0.6]])  # the second picture changes its class


def test_with_labels_the_drop_is_that_of_the_accuracy():
    loss = compare(INT8, FP32, np.array([0, 0, 1, 0]))  # fp32 is right on three, int8 on two
    assert (loss.agreement, loss.top1, loss.fp32_top1, loss.drop) == (0.75, 0.5, 0.75, 0.25)
    assert "top-1 50.0% (fp32 75.0%), 75.0% answers as fp32" == str(loss)


def test_without_labels_the_drop_is_the_share_of_other_answers():
    assert compare(INT8, FP32).drop == 0.25
    assert str(compare(FP32, FP32)) == "100.0% answers as fp32"


def test_a_drop_equal_to_the_limit_is_within_it():
    assert Loss(1.0, 0.0, 0.89, 0.9).within(0.01)  # 0.9 - 0.89 is a little more than 0.01 in floating point
    assert not Loss(1.0, 0.0, 0.88, 0.9).within(0.01)


def test_log_error_by_hand():
    # only the logarithms of 0.8 -> 0.4 and 0.2 -> 0.6 differ, two of eight values
    want = np.sqrt((np.log(2) ** 2 + np.log(3) ** 2) / 8)
    assert log_error(INT8, FP32) == pytest.approx(want)


def test_log_error_of_a_probability_that_rounds_to_zero_is_finite():
    assert np.isfinite(log_error(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])))
