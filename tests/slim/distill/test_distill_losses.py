"""Distances between student and teacher against the same formulas written in NumPy, in float64."""

import numpy as np
import paddle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.slim.distill import losses

RNG = np.random.default_rng(11)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def np_kl(p, q):
    return (p * np.log(p / q)).sum(axis=-1)


def pair(*shape):
    return [RNG.normal(0, 2, shape).astype(np.float32) for _ in range(2)]


def tensors(*arrays):
    return [paddle.to_tensor(x) for x in arrays]


@pytest.mark.parametrize("temperature", [1.0, 5.0])
def test_kl_equals_numpy(temperature):
    s, t = pair(6, 10)
    p, q = (softmax(x.astype(np.float64) / temperature) for x in (t, s))
    found = losses.kl(*tensors(s, t), temperature).numpy()
    np.testing.assert_allclose(found, np_kl(p, q) * temperature**2, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 5.0])
def test_js_equals_numpy(temperature):
    s, t = pair(6, 10)
    p, q = (softmax(x.astype(np.float64) / temperature) for x in (t, s))
    wanted = (np_kl(p, (p + q) / 2) + np_kl(q, (p + q) / 2)) / 2 * temperature**2
    found = losses.js(*tensors(s, t), temperature).numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(losses.js(*tensors(t, s), temperature).numpy(), found, rtol=1e-5, atol=1e-6)


def test_kl_by_hand():
    # teacher (1/2, 1/2), student (1/4, 3/4): 1/2 ln 2 + 1/2 ln(2/3) = 0.143841
    s, t = np.log(np.float32([[1, 3]])), np.float32([[0, 0]])
    assert float(losses.kl(*tensors(s, t))) == pytest.approx(0.1438410, abs=1e-6)


def test_logits_far_apart_stay_finite_and_js_reaches_its_bound():
    s, t = np.float32([[300, -300]]), np.float32([[-300, 300]])
    assert float(losses.js(*tensors(s, t))) == pytest.approx(np.log(2), abs=1e-6)
    assert float(losses.kl(*tensors(s, t))) == pytest.approx(600, rel=1e-6)
    for loss in (losses.kl, losses.js):
        student, teacher = tensors(s, t)
        student.stop_gradient = False
        loss(student, teacher).sum().backward()
        assert np.isfinite(student.grad.numpy()).all()


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_binary_kl_equals_numpy(temperature):
    s, t = pair(4, 7)
    p, q = (1 / (1 + np.exp(-x.astype(np.float64) / temperature)) for x in (t, s))
    wanted = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    found = losses.binary_kl(*tensors(s, t), temperature).numpy()
    np.testing.assert_allclose(found, wanted * temperature**2, rtol=1e-5, atol=2e-6)


def test_attention_equals_numpy_for_other_channels():
    s, t = RNG.normal(size=(3, 4, 5, 6)).astype(np.float32), RNG.normal(size=(3, 7, 5, 6)).astype(np.float32)
    a, b = ((x.astype(np.float64) ** 2).sum(1).reshape(3, -1) for x in (s, t))
    a, b = (x / np.sqrt((x**2).sum(1, keepdims=True)) for x in (a, b))
    assert float(losses.attention(*tensors(s, t))) == pytest.approx(((a - b) ** 2).sum(1).mean(), rel=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_cwd_equals_numpy(temperature):
    s, t = pair(2, 3, 4, 5)
    p, q = (softmax(x.astype(np.float64).reshape(2, 3, 20) / temperature) for x in (t, s))
    wanted = temperature**2 / 3 * (p * np.log(p / q)).sum(axis=(1, 2)).mean()  # T^2 / C, mean over pictures
    assert float(losses.cwd(*tensors(s, t), temperature)) == pytest.approx(wanted, rel=1e-5)


def test_l2_by_hand():
    s, t = np.zeros((1, 2, 1, 2), np.float32), np.float32([[[[1, 2]], [[0, 3]]]])
    assert float(losses.l2(*tensors(s, t))) == pytest.approx(14 / 4)


SHAPES = {"kl": (2, 5), "js": (2, 5), "binary_kl": (2, 5), "l2": (2, 3, 2, 2), "attention": (2, 3, 2, 2),
          "cwd": (2, 3, 2, 2)}


@pytest.mark.parametrize("name", SHAPES)
def test_equal_numbers_have_no_loss_and_no_gradient(name):
    value = pair(*SHAPES[name])[0]
    student, teacher = tensors(value, value)
    student.stop_gradient = False
    loss = getattr(losses, name)(student, teacher).sum()
    loss.backward()
    assert abs(float(loss)) < 1e-6
    np.testing.assert_allclose(student.grad.numpy(), 0, atol=1e-6)


@pytest.mark.parametrize("name", SHAPES)
def test_gradients_by_finite_differences(name):
    s, t = (x.astype(np.float64) for x in pair(*SHAPES[name]))
    loss = getattr(losses, name)
    student, teacher = tensors(s, t)
    student.stop_gradient = False
    loss(student, teacher).sum().backward()
    step = 1e-5
    for place in np.ndindex(*s.shape):
        moved = [s.copy(), s.copy()]
        moved[0][place] += step
        moved[1][place] -= step
        high, low = (float(loss(*tensors(x, t)).sum()) for x in moved)
        assert (high - low) / (2 * step) == pytest.approx(float(student.grad.numpy()[place]), rel=1e-4, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.5, 10), st.floats(-50, 50))
def test_divergences_are_not_negative_and_do_not_see_a_constant(seed, temperature, constant):
    rng = np.random.default_rng(seed)
    s, t = (rng.normal(0, 5, (3, 6)) for _ in range(2))
    for loss in (losses.kl, losses.js):
        value = loss(*tensors(s, t), temperature).numpy()
        assert (value >= -1e-9).all()
        np.testing.assert_allclose(loss(*tensors(s + constant, t), temperature).numpy(), value, rtol=1e-6, atol=1e-9)
