"""The frame moves with the picture, so that boxes found in the changed pixels find back to the original ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painting import painted

from ppmobile.data.frame import to_original
from ppmobile.data.sample import Sample
from ppmobile.transforms import Compose, parts
from ppmobile.transforms.geometry import rotation

sizes = st.integers(4, 60)


@st.composite
def moved(draw):
    """(a painted sample, the same after some steps that clip no box), with the frame of the last."""
    sample = new = draw(painted())
    for step in draw(st.lists(st.sampled_from(["resize", "flip", "pad", "shift"]), min_size=1, max_size=5)):
        if step == "resize":
            new = parts.resize(new, draw(sizes), draw(sizes), 1)
        elif step == "flip":
            new = parts.flip(new)
        elif step == "pad":
            top, left = draw(st.integers(0, 9)), draw(st.integers(0, 9))
            new = parts.pad(new, top, left, new.height + top + draw(st.integers(0, 9)), new.width + left)
        else:  # to where nothing leaves the picture
            new = parts.pad(new, 0, 0, new.height + 3, new.width + 5)
            new = parts.warp(new, [[1, 0, 5], [0, 1, 3]])
    return sample, new


@settings(max_examples=150, deadline=None)
@given(moved())
def test_the_frame_leads_back_to_the_original_boxes(pair):
    sample, new = pair
    back = to_original(new.boxes, new.frame, new.size)
    assert new.size == (sample.height, sample.width) and np.allclose(back, sample.boxes, atol=1e-3)


@settings(max_examples=80, deadline=None)
@given(painted(), st.data())
def test_a_crop_moves_the_frame_and_never_clips_it(sample, data):
    top, left = data.draw(st.integers(0, sample.height - 1)), data.draw(st.integers(0, sample.width - 1))
    cut = parts.crop(sample, top, left, sample.height - top, sample.width - left)
    assert cut.frame.tolist() == [-left, -top, sample.width - left, sample.height - top]
    whole_again = to_original(np.float32([[0, 0, cut.width, cut.height]]), cut.frame, cut.size)
    assert np.allclose(whole_again, [[left, top, sample.width, sample.height]], atol=1e-3)


def test_letterboxing_by_hand():
    steps = Compose([{"name": "Resize", "size": 320, "keep_ratio": True}, {"name": "Pad", "size": 320}])
    sample = Sample(np.zeros((480, 640, 3), np.uint8), frame=np.float32([0, 0, 640, 480]), size=(480, 640))
    assert steps(sample).frame.tolist() == [0, 0, 320, 240]


def test_a_mirrored_frame_says_so_and_a_turned_one_encloses():
    sample = Sample(np.zeros((10, 20, 3), np.uint8), frame=np.float32([0, 0, 20, 10]), size=(10, 20))
    assert parts.flip(sample).frame.tolist() == [20, 0, 0, 10]
    assert parts.flip(parts.flip(sample)).frame.tolist() == [0, 0, 20, 10]
    turned = parts.warp(sample, rotation(90, 10, 20)).frame  # 20 wide becomes 20 high, about the same centre
    assert np.allclose(turned, [5, -5, 15, 15], atol=1e-4)


@pytest.mark.parametrize("move", [
    lambda s: parts.resize(s, 3, 4, 1), parts.flip, lambda s: parts.pad(s, 1, 1, 9, 9),
    lambda s: parts.crop(s, 0, 0, 2, 2), lambda s: parts.warp(s, [[1, 0, 1], [0, 1, 1]]),
])  # fmt: skip
def test_a_sample_without_frame_stays_without(move):
    assert move(Sample(np.zeros((6, 6, 3), np.uint8))).frame is None
