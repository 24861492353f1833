"""What passes as rounding and what does not: planted garbage fails at every precision, on sure and on unsure nets."""

import numpy as np
import pytest

from ppmobile.export.tolerances import agreement, compare, deviation, layer_error

RNG = np.random.default_rng(0)


def softmax(logits):
    """Probabilities of (N, C) logits."""
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (exp / exp.sum(axis=1, keepdims=True)).astype(np.float32)


LOGITS = {"sure": 5 * RNG.normal(size=(22, 8)), "unsure": 0.1 * RNG.normal(size=(22, 8))}
GARBAGE = {
    "classes in another order": lambda p: np.roll(p, 1, axis=1),
    "pictures in another order": lambda p: np.roll(p, 1, axis=0),
    "always the same": lambda p: np.repeat(p[:1], len(p), axis=0),
    "the mean answer": lambda p: np.repeat(p.mean(axis=0, keepdims=True), len(p), axis=0),
    "uniform": lambda p: np.full_like(p, 1 / p.shape[1]),
    "zeros": np.zeros_like,
    "not a number": lambda p: np.full_like(p, np.nan),
    "one infinity": lambda p: np.where(np.arange(p.size).reshape(p.shape) == 5, np.inf, p).astype(np.float32),
    "a class less": lambda p: p[:, 1:],
    "noise": lambda p: softmax(RNG.normal(size=p.shape)),
}


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
@pytest.mark.parametrize("kind", LOGITS)
@pytest.mark.parametrize("fault", GARBAGE)
def test_garbage_fails(precision, kind, fault):
    want = softmax(LOGITS[kind])
    found = compare(GARBAGE[fault](want), want, precision)
    assert not found.passed and found.reason


@pytest.mark.parametrize("kind", LOGITS)
@pytest.mark.parametrize(("precision", "noise"), [("fp32", 1e-6), ("bf16", 0.02), ("int8", 0.1)])
def test_rounding_passes(precision, noise, kind):
    logits = LOGITS[kind]
    got = softmax(logits + noise * logits.std() * RNG.normal(size=logits.shape))
    assert compare(got, softmax(logits), precision) == compare(got, softmax(logits), precision)
    assert compare(got, softmax(logits), precision).passed


def test_fp32_is_judged_by_the_largest_probability():
    # 0.0002 of 0.8 is 2.5e-4, more than 1e-4; 0.00004 of it is 5e-5, less
    want = np.float32([[0.8, 0.2]])
    assert "relative error 2.5e-04 > 1e-04" in compare(want + np.float32([[2e-4, 0]]), want).reason
    assert compare(want + np.float32([[4e-5, 0]]), want).passed


def test_agreement_lets_classes_that_are_alike_change_places():
    want = np.float32([[0.50, 0.48, 0.02], [0.90, 0.05, 0.05]])
    got = np.float32([[0.48, 0.50, 0.02], [0.05, 0.90, 0.05]])  # 0.02 below the best; 0.85 below the best
    assert agreement(got, want, 0.05) == 0.5 and agreement(got, want, 0.01) == 0.0 and agreement(want, want, 0) == 1.0


def test_too_few_agreeing_pictures_fail():
    want = softmax(LOGITS["sure"])
    got = want.copy()
    got[:3] = np.roll(got[:3], 1, axis=1)  # 19 of 22 are 86 %
    assert compare(got, want, "int8").reason.startswith("agrees on 86% of the pictures, less than 90%")


def test_deviation_of_a_runtime_that_ignores_the_picture_is_one():
    want = softmax(LOGITS["sure"])
    assert deviation(np.full_like(want, 0.125), want) == pytest.approx(1) and deviation(want, want) == 0


def test_nearly_equal_answers_are_not_judged_by_their_rounding():
    want = softmax(1e-7 * LOGITS["sure"])
    assert compare(softmax(1e-4 * RNG.normal(size=want.shape)), want, "bf16").passed


def test_layer_error():
    assert layer_error(np.float32([3, 4]), np.float32([3, 4])) == 0
    assert layer_error(np.float32([3, 4.5]), np.float32([[3, 4]])) == pytest.approx(0.1)  # 0.5 of a length of 5
    assert layer_error(np.float32([3, np.nan]), np.float32([3, 4])) == np.inf
    assert layer_error(np.float32([3]), np.float32([3, 4])) == np.inf


def test_each_picture_may_have_a_tolerance_of_its_own():
    want = np.float32([[0.8, 0.2], [0.6, 0.4]])
    got = want + np.float32([[0, 0], [1e-3, 0]])  # 1e-3 of 0.8 is 1.25e-3
    assert compare(got, want, allowed=np.array([1e-4, 2e-3])).passed
    assert compare(got, want, allowed=np.array([2e-3, 1e-4])).reason == "relative error 1.2e-03 > 1e-04"
