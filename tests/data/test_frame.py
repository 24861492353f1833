"""Boxes from the net's pixels back to those of the picture, one picture or a batch."""

import numpy as np

from ppmobile.data.frame import to_original, whole
from ppmobile.data.sample import Sample


def test_a_fresh_sample_is_its_own_frame():
    sample = whole(Sample(np.zeros((3, 5, 3), np.uint8)))
    assert sample.size == (3, 5) and sample.frame.tolist() == [0, 0, 5, 3] and sample.frame.dtype == np.float32
    boxes = np.float32([[1, 0, 4, 2.5]])
    assert np.array_equal(to_original(boxes, sample.frame, sample.size), boxes)


def test_a_batch_by_hand():
    boxes = np.float32([[[0, 0, 160, 120], [160, 120, 320, 240]], [[0, 0, 10, 20], [5, 5, 5, 5]]])
    frame = np.float32([[0, 0, 320, 240], [10, 0, 0, 20]])  # a letterboxed picture, and a mirrored one
    back = to_original(boxes, frame, np.array([[480, 640], [40, 30]]))
    # halved before, so doubled now; the second: 10 px stand for 30 mirrored ones, 20 for 40
    assert back.tolist() == [[[0, 0, 320, 240], [320, 240, 640, 480]], [[0, 0, 30, 40], [15, 10, 15, 10]]]
    assert back.dtype == np.float32


def test_no_boxes():
    assert to_original(np.zeros((0, 4), np.float32), np.float32([0, 0, 5, 5]), (5, 5)).shape == (0, 4)
