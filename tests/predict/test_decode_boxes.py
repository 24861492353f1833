"""Non-maximum suppression against a plain greedy loop, by hand, and the way back to the original picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.predict import decode_boxes
from ppmobile.predict.decode_boxes import nms, pairwise_iou, suppress, to_original


def boxes_of(seed, count, side=60.0):
    """(count, 4) random boxes, crowded enough to overlap."""
    random = np.random.RandomState(seed)
    low, sides = random.uniform(0, side, (count, 2)), random.uniform(5, 30, (count, 2))
    return np.concatenate([low, low + sides], axis=1).astype(np.float32)


def greedy(boxes, threshold):
    """The definition: go through the boxes in order, keep each that no kept one overlaps too much."""
    iou, kept = pairwise_iou(boxes, boxes), []
    for i in range(len(boxes)):
        if all(iou[i, j] <= threshold for j in kept):
            kept.append(i)
    return kept


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 70), st.floats(0.05, 0.9), st.integers(1, 40))
def test_suppression_is_the_greedy_one_whatever_the_chunks(seed, count, threshold, chunk):
    boxes, saved = boxes_of(seed, count), decode_boxes.CHUNK
    try:
        decode_boxes.CHUNK = chunk
        assert suppress(boxes, threshold).tolist() == greedy(boxes, threshold)
        assert suppress(boxes, threshold, keep=3).tolist() == greedy(boxes, threshold)[:3]
    finally:
        decode_boxes.CHUNK = saved


def test_a_chain_of_removals():
    """Each overlaps the next by 5 of 15: the second goes, so the third stays."""
    chain = np.float32([[5 * i, 0, 5 * i + 10, 1] for i in range(5)])
    assert suppress(chain, 0.3).tolist() == [0, 2, 4]


def test_nms_by_hand():
    boxes = np.float32([[[0, 0, 10, 10], [1, 0, 11, 10], [20, 0, 30, 10], [20, 0, 30, 10]]])
    scores = np.float32([[[0.5, 0.0], [0.9, 0.2], [0.6, 0.3], [0.6, 0.005]]])
    found = nms(boxes, scores)[0]  # class 0: 0.9 removes 0.5, and the first of the two equal ones stays
    assert found[:, 0].tolist() == [0, 0, 1, 1] and found[:, 1] == pytest.approx([0.9, 0.6, 0.3, 0.2])
    assert found[0, 2:].tolist() == [1, 0, 11, 10]
    assert nms(boxes, scores, keep=3)[0][:, 1] == pytest.approx([0.9, 0.6, 0.3])
    assert nms(boxes, scores, top_k=1)[0][:, 1] == pytest.approx([0.9, 0.3])
    assert nms(boxes, scores, score_threshold=0.9)[0].shape == (0, 6)


def test_each_class_may_have_its_own_boxes():
    boxes = np.arange(16, dtype=np.float32).reshape(1, 2, 2, 4)
    scores = np.float32([[[0.5, 0.0], [0.0, 0.7]]])
    assert nms(boxes, scores)[0][:, 2:].tolist() == [[0, 1, 2, 3], [12, 13, 14, 15]]


def test_empty_boxes_neither_fail_nor_remove():
    boxes = np.float32([[[3, 3, 3, 3], [3, 3, 3, 3], [0, 0, 9, 9]]])
    assert len(nms(boxes, np.full((1, 3, 1), 0.5, np.float32))[0]) == 3


def test_back_to_the_original_picture():
    """A picture of 200 x 100 lies in the input at 10..110, 20..70: twice as large, moved, cut at its border."""
    found = np.float32([[1, 0.9, 20, 30, 60, 60], [0, 0.8, 0, 0, 200, 200], [2, 0.7, 120, 30, 130, 40]])
    back = to_original(found, np.float32([10, 20, 110, 70]), (100, 200))
    assert back == pytest.approx(np.float32([[1, 0.9, 20, 20, 100, 80], [0, 0.8, 0, 0, 200, 100]]))
    assert to_original(np.zeros((0, 6), np.float32), (0, 0, 5, 5), (5, 5)).shape == (0, 6)
