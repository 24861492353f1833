"""The golden sample's input and the limits of the quick proof. (Numbers by hand.)"""

import hashlib

import numpy as np
import pytest

from ppmobile import artefact
from ppmobile.predict.replay import Replay

WANT = np.array([0.125, 0.75, 0.125], np.float32)


@pytest.fixture
def replay(exported):
    """The golden sample, with WANT as the answer that is expected."""
    made = Replay(artefact.read(exported))
    made.expected = [WANT]
    return made


def test_the_input_is_the_one_that_was_exported(exported):
    replay = Replay(artefact.read(exported))
    assert hashlib.sha256(replay.image.tobytes()).hexdigest() == artefact.golden(exported)["input"]["sha256"]
    assert len(replay.expected) == 1 and abs(replay.expected[0].sum() - 1) < 1e-5


def test_a_fixed_batch_is_filled_with_the_sample(exported):
    found = artefact.read(exported)
    found.deploy["input"]["shape"] = [3, 3, 16, 16]
    assert Replay(found).image.shape == (3, 3, 16, 16)


def test_of_a_batch_the_first_answer_counts(replay):
    assert np.array_equal(replay.answers(lambda image: [np.stack([WANT, WANT * 0])], [replay.image])[0], WANT)


@pytest.mark.parametrize("change, fits", [
    ([0, 0, 0], True), ([7e-5, 0, -7e-5], True), ([8e-5, 0, 0], False), ([np.nan, 0, 0], False),
])
def test_the_tolerance_of_fp32(replay, change, fits):
    reason = replay.disagreement([WANT + np.float32(change)])
    assert (reason == "") == fits and "\n" not in reason


def test_a_golden_answer_that_is_no_number_fits_nothing(replay):
    replay.expected = [WANT * np.float32("nan")]
    assert "the golden sample differs: relative error nan" in replay.disagreement([WANT])


@pytest.mark.parametrize("answer", [np.ones(4), np.ones(()), np.ones((3, 1))])
def test_another_shape(replay, answer):
    assert "the golden sample differs: gives" in replay.disagreement([answer])


def test_the_pictures_for_bf16_and_int8_are_the_golden_one_a_blank_one_and_variations(replay):
    made = replay.varied()
    assert len(made) == 22 and all(x.shape == (1, 3, 16, 16) and x.dtype == np.float32 for x in made)
    assert np.array_equal(made[0], replay.image) and (np.ptp(made[1], axis=(2, 3)) == 0).all()
    assert len({x.tobytes() for x in made}) == 22


def test_bf16_and_int8_need_more_than_the_class_of_one_picture(replay):
    """Ten pictures of two classes; the other answers have the golden picture's class, the first, at the top."""
    want = np.array([[0.9, 0.1], [0.1, 0.9]] * 5, np.float32)
    assert replay.unlike("int8", list(want[:, ::-1] * 0.1 + want * 0.9), list(want)) == ""
    assert "agrees on 50% of the pictures, less than 90%" in replay.unlike("int8", [want[0]] * 10, list(want))
    other = np.array([[0.51, 0.49], [0.49, 0.51]] * 5, np.float32)
    assert "log-probabilities deviate" in replay.unlike("bf16", list(other), list(want))
