"""What is covered, how much of it, and that all else stays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painting import painted

from ppmobile.data.sample import Sample
from ppmobile.transforms.erase import GridMask, RandomErasing
from ppmobile.transforms.parts import FILL


def covered(image):
    return (image != 0).any(axis=2)


@pytest.mark.parametrize("fill", ["mean", "noise"])
def test_erasing_covers_one_rectangle_of_the_wanted_share(fill):
    step, shares = RandomErasing(p=1.0, area=(0.1, 0.3), ratio=(0.5, 2.0), fill=fill), []
    for i in range(100):
        hidden = covered(step(Sample(np.zeros((50, 60, 3), np.uint8)), np.random.default_rng(i)).image)
        rows, columns = np.nonzero(hidden.any(axis=1))[0], np.nonzero(hidden.any(axis=0))[0]
        rectangle = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
        assert hidden.sum() >= 0.99 * rectangle  # noise may be black here and there
        shares.append(rectangle / hidden.size)
    assert 0.09 < min(shares) < 0.15 and 0.25 < max(shares) < 0.32


def test_erasing_with_the_mean_colour():
    image = RandomErasing(p=1.0)(Sample(np.zeros((30, 30, 3), np.uint8)), np.random.default_rng(0)).image
    assert (image[covered(image)] == FILL).all()


def test_grid_covers_the_share_that_keep_leaves():
    shares = [covered(GridMask(p=1.0, period=(0.1, 0.1), keep=0.6)(
        Sample(np.zeros((200, 200, 3), np.uint8)), np.random.default_rng(i)).image).mean() for i in range(20)]
    assert np.allclose(shares, 0.4**2, atol=1e-3)  # squares of 8 in a period of 20, which divides 200


@pytest.mark.parametrize("step", [RandomErasing(p=0.0), GridMask(p=0.0)])
def test_probability_zero_never_covers(step):
    sample = Sample(np.zeros((9, 9, 3), np.uint8))
    assert all(step(sample, np.random.default_rng(i)) is sample for i in range(20))


@settings(max_examples=80, deadline=None)
@given(painted(), st.integers(0, 10**6), st.sampled_from([RandomErasing(p=1.0), GridMask(p=1.0, period=(0.1, 1.0))]))
def test_covering_moves_nothing(sample, seed, step):
    out = step(sample, np.random.default_rng(seed))
    for name in ("boxes", "labels", "mask", "attributes", "difficult", "frame"):
        assert np.array_equal(getattr(out, name), getattr(sample, name)), name
    assert out.size == sample.size
    changed = (out.image != sample.image).any(axis=2)
    assert (out.image[changed] == FILL).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.integers(2, 60), st.floats(0.05, 1), st.floats(0, 1), st.integers(0, 10**6))
def test_a_grid_is_a_lattice_whose_lines_stay_open(height, width, period, keep, seed):
    step = GridMask(p=1.0, period=(period, period), keep=keep)
    hidden = covered(step(Sample(np.zeros((height, width, 3), np.uint8)), np.random.default_rng(seed)).image)
    rows, columns = hidden.any(axis=1), hidden.any(axis=0)
    assert np.array_equal(hidden, rows[:, None] & columns)  # covered where a covered row meets a covered column
    pixels = max(2, round(min(height, width) * period))
    for line in (rows, columns):  # and both repeat with the period
        assert np.array_equal(line[pixels:], line[:-pixels])
        assert keep == 0 or line[:pixels].sum() <= round(pixels * (1 - keep))
