"""Simulated int8 against NumPy, and the gradients that pass through it."""

import numpy as np
import paddle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.slim.qat.rounding import FakeQuantize, RoundWeight, int8_weight, largest_of


def in_numpy(x, limit):
    """What symmetric int8 keeps of numbers: np.round rounds ties to even, int8 ends at -128 and 127."""
    return np.clip(np.round(x.astype(np.float64) * 127 / limit), -128, 127) * limit / 127


def quantized(x, limit):
    """FakeQuantize of an array."""
    tensor = paddle.to_tensor(x)
    return FakeQuantize.apply(tensor, paddle.to_tensor([np.float32(limit)]), largest_of(tensor)).numpy()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=20), st.floats(0.125, 16, width=32))
def test_rounding_is_that_of_numpy(values, limit):
    x = np.float32(values)
    steps = np.abs(x.astype(np.float64) * 127 / limit % 1 - 0.5)
    clear = steps > 1e-3  # next to a tie float32 may fall to the other side
    np.testing.assert_allclose(quantized(x, limit)[clear], in_numpy(x, limit)[clear], rtol=1e-5, atol=1e-6)


def test_ties_go_to_the_even_step_and_the_ends_are_those_of_int8():
    x = np.float32([0.5, 1.5, 2.5, -0.5, 126.5, 200, -127, -127.9, -300])
    np.testing.assert_array_equal(quantized(x, 127.0), [0, 2, 2, 0, 126, 127, -127, -128, -128])


def test_the_largest_value_counts_without_its_sign():
    assert largest_of(paddle.to_tensor([[1.0, -3.0], [2.0, 0.5]])) == 3.0


def test_gradients_pass_inside_of_the_range_only():
    x = paddle.to_tensor([-3.0, -1.0, 0.3, 1.0, 2.0], stop_gradient=False)
    weights = paddle.to_tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    (FakeQuantize.apply(x, paddle.to_tensor([1.0]), 3.0) * weights).sum().backward()
    assert x.grad.tolist() == [0.0, 2.0, 3.0, 4.0, 0.0]


def test_a_range_that_is_learnt_gets_what_is_cut_off():
    # PACT (1805.06085, eq. 4) on both sides: 5 of the value cut above less 1 of that cut below
    x = paddle.to_tensor([-3.0, -1.0, 0.3, 1.0, 2.0])
    limit = paddle.create_parameter([1, 1], "float32", default_initializer=paddle.nn.initializer.Constant(1.0))
    weights = paddle.to_tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    (FakeQuantize.apply(x, limit, 3.0) * weights).sum().backward()
    assert limit.grad.tolist() == [[4.0]]
    (FakeQuantize.apply(x * 0.1, limit, 0.3) * weights).sum().backward()  # nothing is cut: nothing is added
    assert limit.grad.tolist() == [[4.0]]


@pytest.mark.parametrize("shape, axis", [((4, 3, 2, 2), 0), ((3, 4, 2, 2), 1), ((5, 4), 1)])
def test_each_channel_of_a_weight_has_its_own_range(shape, axis):
    weight = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    weight[(slice(None),) * axis + (1,)] *= 100  # one loud channel must not cost the others
    got = RoundWeight.apply(paddle.to_tensor(weight), axis).numpy()
    for channel in range(shape[axis]):
        place = (slice(None),) * axis + (channel,)
        want = in_numpy(weight[place], np.abs(weight[place]).max())
        np.testing.assert_allclose(got[place], want, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("axis", [0, 1])
def test_the_weight_that_is_written_is_the_weight_that_was_trained(axis):
    weight = np.random.default_rng(1).normal(size=(6, 5, 3, 3)).astype(np.float32)
    steps, limits = int8_weight(weight, axis)
    shape = [1] * 4
    shape[axis] = -1
    assert steps.dtype == np.int8 and np.abs(steps.astype(int)).max() == 127
    np.testing.assert_allclose(steps * (limits.reshape(shape) / 127), RoundWeight.apply(paddle.to_tensor(weight), axis),
                               rtol=1e-6)


def test_a_channel_of_zeros_stays_zero():
    weight = np.zeros((2, 1, 3, 3), np.float32)
    assert not RoundWeight.apply(paddle.to_tensor(weight), 0).numpy().any() and not int8_weight(weight, 0)[0].any()


def test_the_gradient_of_a_weight_is_that_of_what_it_became():
    weight = paddle.to_tensor([[0.31, -0.2]], stop_gradient=False)
    (RoundWeight.apply(weight, 1) * paddle.to_tensor([[2.0, 3.0]])).sum().backward()
    assert weight.grad.tolist() == [[2.0, 3.0]]


def test_folding_a_batch_norm_and_rounding_may_change_places():
    # why BN need not be folded in training: a factor for a whole channel moves its range along
    rng = np.random.default_rng(2)
    weight, gain = rng.normal(size=(8, 3, 3, 3)).astype(np.float32), rng.uniform(-2, 2, (8, 1, 1, 1)).astype(np.float32)
    first = RoundWeight.apply(paddle.to_tensor(weight), 0).numpy() * gain
    last = RoundWeight.apply(paddle.to_tensor(weight * gain), 0).numpy()
    np.testing.assert_allclose(first, last, rtol=1e-5, atol=1e-7)
