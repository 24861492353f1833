"""Boxes, masks, labels and attributes stay with their picture through every geometric step."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painting import agree, extent, painted

from ppmobile.data.sample import Sample
from ppmobile.transforms import parts
from ppmobile.transforms.geometry import rotation


@settings(max_examples=60, deadline=None)
@given(painted())
def test_flip_moves_the_box_with_the_paint_and_twice_is_the_identity(sample):
    once = parts.flip(sample)
    agree(once)
    assert extent(once.mask) == once.boxes[0].tolist()
    twice = parts.flip(once)
    assert np.array_equal(twice.boxes, sample.boxes) and np.array_equal(twice.image, sample.image)
    assert np.array_equal(twice.mask, sample.mask)


@settings(max_examples=100, deadline=None)
@given(painted(), st.data())
def test_crop_keeps_boxes_exactly_on_the_paint(sample, data):
    top, left = data.draw(st.integers(0, sample.height - 1)), data.draw(st.integers(0, sample.width - 1))
    height, width = data.draw(st.integers(1, sample.height - top)), data.draw(st.integers(1, sample.width - left))
    cut = parts.crop(sample, top, left, height, width)
    agree(cut)
    assert cut.image.shape == (height, width, 3)
    if len(cut.boxes):
        assert cut.boxes[0].tolist() == extent(cut.mask) and cut.labels.tolist() == [7]
    else:
        x1, y1, x2, y2 = sample.boxes[0]
        assert (cut.mask == 1).sum() < parts.MIN_VISIBLE * (x2 - x1) * (y2 - y1)


@settings(max_examples=60, deadline=None)
@given(painted(), st.integers(1, 60), st.integers(1, 60), st.sampled_from(sorted(parts.INTERPOLATIONS)))
def test_resize_scales_boxes_exactly(sample, height, width, interp):
    new = parts.resize(sample, height, width, parts.interpolation(interp))
    agree(new)
    factor = np.float64([width / sample.width, height / sample.height] * 2)
    assert np.array_equal(new.boxes, (sample.boxes * factor).astype(np.float32))


@settings(max_examples=40, deadline=None)
@given(painted(), st.integers(2, 4))
def test_enlarging_a_mask_by_whole_numbers_keeps_it_on_its_boxes(sample, times):
    new = parts.resize(sample, sample.height * times, sample.width * times, parts.interpolation("nearest"))
    assert extent(new.mask) == new.boxes[0].tolist() == extent((new.image[:, :, 0] == 255) * 1)


def test_a_shrunk_mask_takes_the_middle_pixels_and_no_new_classes():
    mask = np.random.default_rng(0).choice(np.uint8([0, 9, 255]), (12, 15))
    sample = Sample(np.zeros((12, 15, 3), np.uint8), mask=mask)
    assert np.array_equal(parts.resize(sample, 4, 5, cv2.INTER_LINEAR).mask, mask[1::3, 1::3])
    assert set(np.unique(parts.resize(sample, 7, 8, cv2.INTER_LINEAR).mask)) <= {0, 9, 255}


@settings(max_examples=40, deadline=None)
@given(painted(), *[st.integers(0, 5)] * 4)
def test_pad_then_crop_is_the_identity(sample, top, left, bottom, right):
    wide = parts.pad(sample, top, left, sample.height + top + bottom, sample.width + left + right)
    agree(wide)
    assert extent(wide.mask) == wide.boxes[0].tolist()
    assert (wide.mask == parts.IGNORE).sum() == wide.mask.size - sample.mask.size
    back = parts.crop(wide, top, left, sample.height, sample.width)
    assert np.array_equal(back.image, sample.image) and np.array_equal(back.boxes, sample.boxes)


@settings(max_examples=60, deadline=None)
@given(painted(), st.integers(-8, 8), st.integers(-8, 8))
def test_warp_by_whole_pixels_is_a_shift(sample, right, down):
    moved = parts.warp(sample, [[1, 0, right], [0, 1, down]])
    agree(moved)
    if len(moved.boxes):
        assert moved.boxes[0].tolist() == extent(moved.mask)


@settings(max_examples=60, deadline=None)
@given(painted(), st.floats(-180, 180))
def test_warped_boxes_stay_inside(sample, angle):
    agree(parts.warp(sample, rotation(angle, sample.height, sample.width)))


def test_a_quarter_turn_equals_numpy():
    image = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)
    mask = (image[:, :, 0] > 128).astype(np.uint8)
    sample = Sample(image, boxes=np.float32([[1, 2, 4, 8]]), labels=np.int64([0]), mask=mask)
    turned = parts.warp(sample, rotation(90, 9, 9), cv2.INTER_NEAREST)
    assert np.array_equal(turned.image, np.rot90(image)) and np.array_equal(turned.mask, np.rot90(mask))
    assert np.allclose(turned.boxes, [[2, 5, 8, 8]], atol=1e-5)  # by hand: (x, y) goes to (y, 9 - x)


def test_dropped_boxes_take_labels_and_attributes_along():
    sample = Sample(np.zeros((20, 20, 3), np.uint8), boxes=np.float32([[0, 0, 5, 5], [10, 10, 20, 20], [9, 0, 20, 9]]),
                    labels=np.int64([1, 2, 3]), attributes=np.int64([[1], [2], [3]]))  # fmt: skip
    cut = parts.crop(sample, 8, 8, 12, 12)
    assert cut.labels.tolist() == [2] and cut.attributes.tolist() == [[2]]  # the third shows 1 of 9 rows
    assert cut.boxes.tolist() == [[2, 2, 12, 12]]


def test_dropped_boxes_take_difficult_along():
    sample = Sample(np.zeros((9, 9, 3), np.uint8), boxes=np.float32([[0, 0, 3, 3], [5, 5, 9, 9]]),
                    labels=np.int64([1, 2]), difficult=np.array([False, True]))  # fmt: skip
    assert parts.crop(sample, 4, 4, 5, 5).difficult.tolist() == [True]
    assert parts.keep_boxes(sample, np.array([True, False])).difficult.tolist() == [False]


def test_attributes_of_the_picture_are_not_taken_for_those_of_boxes():
    sample = Sample(np.zeros((4, 4, 3), np.uint8), boxes=np.float32([[0, 0, 1, 1]]), labels=np.int64([0]),
                    attributes=np.int64([1, 0, -1]))  # fmt: skip
    assert parts.crop(sample, 2, 2, 2, 2).attributes.tolist() == [1, 0, -1]


@pytest.mark.parametrize("size", [0, -1, 2.5, "224", [224], [1, 2, 3], [0, 5], None])
def test_bad_sizes(size):
    with pytest.raises(ValueError, match="height, width"):
        parts.height_width(size)


def test_unknown_interpolation_lists_the_known():
    with pytest.raises(ValueError, match="bicubic.*nearest, linear, cubic, area, lanczos"):
        parts.interpolation("bicubic")
