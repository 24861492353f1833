"""From a graph's numbers to ranked answers, and the refusal of numbers that are none."""

import numpy as np
import pytest

from ppmobile.errors import ExportError
from ppmobile.predict.decode import probabilities, ranked

CLASSES = ("a", "b")


def test_rows_that_filled_up_a_batch_are_left_out():
    given = np.array([[0.25, 0.75], [1, 0], [0, 0]], np.float32)
    answer = probabilities([given], 2, CLASSES, "model")
    given[:] = 9
    assert answer.tolist() == [[0.25, 0.75], [1, 0]]


@pytest.mark.parametrize("output", [np.zeros((1, 3)), np.zeros(2), np.zeros((0, 2)), np.zeros((1, 2, 1))])
def test_another_shape_is_refused(output):
    with pytest.raises(ExportError, match="model: the graph answers .* for 1 pictures of 2 classes"):
        probabilities([output], 1, CLASSES, "model")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(value):
    with pytest.raises(ExportError, match="not finite"):
        probabilities([np.array([[0.5, value]])], 1, CLASSES, "model")


def test_the_largest_first_and_of_equal_ones_the_first_class():
    assert ranked(np.array([0.2, 0.4, 0.0, 0.4]), 3) == [1, 3, 0]
