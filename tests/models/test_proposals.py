"""Which places of a picture learn, by hand and as properties."""

import numpy as np
import paddle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.models.assign import truth
from ppmobile.models.proposals import match, sample, split
from ppmobile.predict.decode_boxes import pairwise_iou

NONE = np.zeros((0, 4), np.float32)
LABELS = st.lists(st.sampled_from([-1, 0, 1]), max_size=40).map(np.array)


def row(*starts, width=10):
    """Boxes `width` x 10 at the given x."""
    return np.float32([[x, 0, x + width, 10] for x in starts])


def test_overlaps_decide_by_hand():
    # of the box at 0 the places share all, 8, 5 and 0 tenths: IoU 1, 2/3, 1/3, 0
    places, box = row(0, 2, 5, 20), row(0)
    assert match(places, box, NONE, 0.3, 0.7).label.tolist() == [1, -1, -1, 0]
    assert match(places, box, NONE, 0.5, 0.5).label.tolist() == [1, 1, 0, 0]
    assert match(places, row(100, 0), NONE, 0.5, 0.5).box.tolist() == [1, 1, 1, 0]


def test_best_gives_each_box_its_nearest_places():
    # the box at 30 shares 3 tenths with the place at 37, and nobody else has more; the one at 90 touches nothing
    places = row(0, 37, 60)
    assert match(places, row(0, 30, 90), NONE, 0.3, 0.7).label.tolist() == [1, 0, 0]
    found = match(places, row(0, 30, 90), NONE, 0.3, 0.7, best=True)
    assert found.label.tolist() == [1, 1, 0] and found.box[:2].tolist() == [0, 1]


def test_what_overlaps_an_unclear_box_is_no_background_but_may_learn_another():
    places, wanted, unclear = row(0, 20, 40), row(0), row(1, 21)
    assert match(places, wanted, unclear, 0.5, 0.5).label.tolist() == [1, -1, 0]
    assert match(places, NONE, NONE, 0.5, 0.5).label.tolist() == [0, 0, 0]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 4), st.integers(0, 2), st.integers(1, 30))
def test_labels_agree_with_overlaps(seed, wanted, unclear, count):
    random = np.random.RandomState(seed)
    boxes = [random.uniform(0, 30, (n, 2)).astype(np.float32) for n in (wanted, unclear, count)]
    boxes = [np.concatenate([low, low + random.uniform(3, 30, low.shape).astype(np.float32)], 1) for low in boxes]
    found = match(boxes[2], boxes[0], boxes[1], 0.3, 0.6)
    iou = pairwise_iou(boxes[0], boxes[2]).max(axis=0) if wanted else np.zeros(count)
    assert np.array_equal(found.label == 1, iou >= 0.6)
    assert (iou[found.label == 0] < 0.3).all()
    if unclear:
        assert (pairwise_iou(boxes[1], boxes[2])[:, found.label == 0] < 0.3).all()


@settings(max_examples=50, deadline=None)
@given(LABELS, st.integers(1, 20), st.floats(0, 1), st.integers(0, 10**6))
def test_samples_are_as_many_as_there_may_be(labels, count, share, seed):
    positive, negative = sample(labels, count, share, np.random.default_rng(seed))
    assert (labels[positive] == 1).all() and (labels[negative] == 0).all()
    assert len(positive) == min(int(count * share), (labels == 1).sum())
    assert len(negative) == min(count - len(positive), (labels == 0).sum())
    assert len({*positive.tolist(), *negative.tolist()}) == len(positive) + len(negative)
    again = sample(labels, count, share, np.random.default_rng(seed))
    assert np.array_equal(again[0], positive) and np.array_equal(again[1], negative)


def test_without_a_generator_the_first_ones_count():
    positive, negative = sample(np.array([0, 1, 0, 1, -1, 1, 0]), 4, 0.5)
    assert positive.tolist() == [1, 3] and negative.tolist() == [0, 2]


def test_a_truth_by_pictures():
    batch = {"boxes": np.float32([[[0, 0, 4, 4], [5, 5, 5, 9], [1, 1, 2, 2]]] * 2),
             "labels": np.int64([[2, 1, 0], [1, -1, -1]]), "weight": np.float32([[1, 1, 0.5]] * 2),
             "difficult": np.array([[False, False, True], [False] * 3])}
    first, second = split(truth({key: paddle.to_tensor(value) for key, value in batch.items()}))
    assert [part.tolist() for part in first] == [[[0, 0, 4, 4]], [2], [1], [[1, 1, 2, 2]]]  # the flat box goes
    assert second[1].tolist() == [1] and len(second[3]) == 0
    assert second[2] == pytest.approx([1])
