"""The golden sample's input and the limits of the quick proof. (Numbers by hand.)"""

import hashlib

import numpy as np
import pytest

from ppmobile import artefact
from ppmobile.predict.replay import disagreement, golden_pair, unlike, varied

WANT = np.array([[0.125, 0.75, 0.125]], np.float32)


def test_the_input_is_the_one_that_was_exported(exported):
    image, expected = golden_pair(artefact.read(exported))
    assert hashlib.sha256(image.tobytes()).hexdigest() == artefact.golden(exported)["input"]["sha256"]
    assert expected.shape == (1, 3) and abs(expected.sum() - 1) < 1e-5


def test_a_fixed_batch_is_filled_with_the_sample(exported):
    found = artefact.read(exported)
    found.deploy["input"]["shape"] = [3, 3, 16, 16]
    assert golden_pair(found)[0].shape == (3, 3, 16, 16)


@pytest.mark.parametrize("change, fits", [
    ([0, 0, 0], True), ([7e-5, 0, -7e-5], True), ([8e-5, 0, 0], False), ([np.nan, 0, 0], False),
])
def test_the_tolerance_of_fp32(change, fits):
    reason = disagreement(WANT + np.float32(change), WANT)
    assert (reason == "") == fits and "\n" not in reason


def test_a_golden_answer_that_is_no_number_fits_nothing():
    assert "differs by nan" in disagreement(WANT, WANT * np.float32("nan"))


@pytest.mark.parametrize("answer", [np.ones((1, 4)), np.ones(3), np.ones((1, 3, 1))])
def test_another_shape(answer):
    assert "the golden sample gives" in disagreement(answer, WANT)


def test_the_pictures_for_bf16_and_int8_are_the_golden_one_a_blank_one_and_variations(exported):
    found = artefact.read(exported)
    made = varied(found)
    assert len(made) == 22 and all(x.shape == (1, 3, 16, 16) and x.dtype == np.float32 for x in made)
    assert np.array_equal(made[0], golden_pair(found)[0]) and (np.ptp(made[1], axis=(2, 3)) == 0).all()
    assert len({x.tobytes() for x in made}) == 22


def test_bf16_and_int8_need_more_than_the_class_of_one_picture():
    """Ten pictures of two classes; the other answers have the golden picture's class, the first, at the top."""
    want = np.array([[0.9, 0.1], [0.1, 0.9]] * 5, np.float32)
    assert unlike("int8", want[:, ::-1] * 0.1 + want * 0.9, want) == ""
    assert "agrees on 50% of the pictures, less than 90%" in unlike("int8", want * 0 + [[0.9, 0.1]], want)
    assert "log-probabilities deviate" in unlike("bf16", np.array([[0.51, 0.49], [0.49, 0.51]] * 5, np.float32), want)
