"""The golden sample's input and the tolerances of the quick proof. (Numbers by hand.)"""

import hashlib

import numpy as np
import pytest

from ppmobile import artefact
from ppmobile.predict.replay import disagreement, golden_pair

WANT = np.array([[0.125, 0.75, 0.125]], np.float32)


def test_the_input_is_the_one_that_was_exported(exported):
    image, expected = golden_pair(artefact.read(exported))
    assert hashlib.sha256(image.tobytes()).hexdigest() == artefact.golden(exported)["input"]["sha256"]
    assert expected.shape == (1, 3) and abs(expected.sum() - 1) < 1e-5


def test_a_fixed_batch_is_filled_with_the_sample(exported):
    found = artefact.read(exported)
    found.deploy["input"]["shape"] = [3, 3, 16, 16]
    assert golden_pair(found)[0].shape == (3, 3, 16, 16)


@pytest.mark.parametrize("precision, change, fits", [
    ("fp32", [0, 0, 0], True), ("fp32", [7e-5, 0, -7e-5], True), ("fp32", [8e-5, 0, 0], False),
    ("bf16", [0.1, -0.1, 0], True), ("int8", [0.6, -0.6, 0], False), ("int8", [0, -0.09, 0.6], True),
    ("int8", [0.1, -0.3, 0.2], True), ("fp32", [np.nan, 0, 0], False), ("int8", [0, 0, np.inf], False),
])
def test_tolerances(precision, change, fits):
    reason = disagreement(precision, WANT + np.float32(change), WANT)
    assert (reason == "") == fits and "\n" not in reason


@pytest.mark.parametrize("answer", [np.ones((1, 4)), np.ones(3), np.ones((1, 3, 1))])
def test_another_shape(answer):
    assert "the golden sample gives" in disagreement("int8", answer, WANT)
