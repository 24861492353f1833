"""Anchors by k-means: overlaps by hand, planted clusters found again, the same seed the same anchors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.data.anchors import box_sizes, find_anchors, fit, iou_of_sizes, place_in_input, sizes_in_input
from ppmobile.data.base import Dataset
from ppmobile.data.frame import whole
from ppmobile.data.sample import Sample
from ppmobile.errors import DataError
from ppmobile.files import write_image
from ppmobile.transforms import Compose

PLANTED = np.float64([[10, 14], [40, 20], [30, 60], [120, 100]])


def scattered(count=60):
    """Boxes around the PLANTED sizes, each off by up to a tenth."""
    rng = np.random.default_rng(0)
    return rng.permutation(np.concatenate([p * rng.uniform(0.9, 1.1, (count, 2)) for p in PLANTED]))


def test_iou_by_hand():
    iou = iou_of_sizes(np.float64([[4, 2], [3, 3]]), np.float64([[2, 4], [3, 3]]))
    assert np.allclose(iou, [[4 / 12, 6 / 11], [6 / 11, 1]])
    assert fit(np.float64([[4, 2], [3, 3]]), [[2, 4], [3, 3]]) == pytest.approx((6 / 11 + 1) / 2)


def test_planted_clusters_are_found_in_order_of_area():
    anchors = find_anchors(scattered(), 4)
    assert np.abs(anchors / PLANTED - 1).max() < 0.05
    assert fit(scattered(), anchors) > 0.88


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 400)), min_size=3, max_size=40, unique=True),
       st.integers(1, 3), st.integers(0, 99))  # fmt: skip
def test_anchors_lie_among_the_boxes_and_repeat(boxes, count, seed):
    sizes = np.float64(boxes)
    anchors = find_anchors(sizes, count, seed)
    assert np.array_equal(anchors, find_anchors(sizes, count, seed))
    assert anchors.shape == (count, 2) and (np.diff(anchors.prod(axis=1)) >= 0).all()
    assert (anchors >= sizes.min(axis=0) - 1e-9).all() and (anchors <= sizes.max(axis=0) + 1e-9).all()


def test_as_many_anchors_as_boxes_fit_perfectly():
    assert fit(PLANTED, find_anchors(PLANTED, 4)) == pytest.approx(1)


def test_more_anchors_fit_better():
    sizes = np.random.default_rng(0).uniform(5, 300, (300, 2))
    fits = [fit(sizes, find_anchors(sizes, count)) for count in (1, 3, 9)]
    assert fits == sorted(fits) and fits[2] > fits[0] + 0.2


def test_too_few_different_boxes():
    with pytest.raises(DataError, match="5 boxes of 1 different sizes are too few for 2 anchors"):
        find_anchors(np.ones((5, 2)), 2)


@pytest.fixture
def pictures(tmp_path):
    """Three pictures of 100 x 50, each with a box of 20 x 10, a difficult one, and one without an area."""
    dataset = Dataset()
    dataset.root, dataset.items = "图", []
    for number in range(3):
        write_image(tmp_path / f"图 {number}.png", np.zeros((50, 100, 3), np.uint8))
        dataset.items.append({"path": str(tmp_path / f"图 {number}.png"), "difficult": np.array([False, True, False]),
                              "boxes": np.float32([[0, 0, 20, 10], [0, 0, 50, 50], [5, 5, 5, 9]])})
    return dataset


def test_sizes_are_those_that_the_net_sees(pictures):
    sizes, owners, count = box_sizes(pictures, Compose([{"name": "Resize", "size": 200}]))
    assert count == 3 and sizes.tolist() == [[40, 40]] * 3  # twice as wide, four times as high
    assert owners.tolist() == [0, 1, 2]


def test_a_crop_cuts_the_boxes_and_what_it_leaves_out_does_not_count(pictures):
    # the short side becomes 100, so that the box is 40 x 20; the crop starts at x = 50 of the 200
    steps = [{"name": "ResizeShort", "short": 100}, {"name": "CenterCrop", "size": 100}, {"name": "Normalize"},
             {"name": "ToCHW"}]
    with pytest.raises(DataError, match="no boxes in its 3 pictures"):
        box_sizes(pictures, Compose(steps))
    pictures.items[1]["boxes"][0] = [0, 0, 30, 10]
    sizes, owners, _ = box_sizes(pictures, Compose(steps))
    assert sizes.tolist() == [[10, 20]] and owners.tolist() == [1]


@settings(max_examples=40, deadline=None)
@given(st.tuples(st.integers(1, 300), st.integers(1, 300)), st.integers(8, 200), st.integers(0, 99))
def test_the_short_way_gives_what_the_transforms_give(size, to, seed):
    rng = np.random.default_rng(seed)
    corners = np.sort(rng.uniform(0, 1, (5, 2, 2)), axis=1).reshape(-1, 4) * np.tile(size, 2)
    boxes = corners.astype(np.float32)
    steps = Compose([{"name": "Resize", "size": to}, {"name": "Normalize"}, {"name": "ToCHW"}])
    sample = steps(whole(Sample(np.zeros((*size[::-1], 3), np.uint8), boxes=boxes, labels=np.zeros(5, np.int64))))
    found = sizes_in_input(boxes, size, *place_in_input(size, steps))
    assert np.allclose(found, sample.boxes[:, 2:] - sample.boxes[:, :2], atol=1e-3)


def test_a_data_set_without_boxes(pictures):
    for item in pictures.items:
        item["boxes"], item["difficult"] = np.zeros((0, 4), np.float32), np.zeros(0, bool)
    with pytest.raises(DataError, match="图: no boxes in its 3 pictures"):
        box_sizes(pictures, Compose([]))
