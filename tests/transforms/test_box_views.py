"""Expand, RandomIoUCrop and RandomResize: windows and canvases as promised, boxes on their paint."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painting import agree, extent, painted

from ppmobile.data.frame import whole
from ppmobile.data.sample import Sample
from ppmobile.transforms.boxes import Expand, RandomIoUCrop, iou_matrix
from ppmobile.transforms.geometry import RandomResize
from ppmobile.transforms.parts import FILL

seeds = st.integers(0, 10**6)


def test_iou_by_hand():
    a = np.float64([[0, 0, 2, 2], [5, 5, 5, 5]])
    b = np.float64([[1, 1, 3, 3], [0, 0, 2, 1], [7, 7, 9, 9]])
    assert np.allclose(iou_matrix(a, b), [[1 / 7, 1 / 2, 0], [0, 0, 0]])


@settings(max_examples=60, deadline=None)
@given(painted(), seeds)
def test_expand_keeps_the_box_on_its_paint(sample, seed):
    wide = Expand(p=1.0, ratio=(1.0, 3.0))(sample, np.random.default_rng(seed))
    agree(wide)
    assert extent(wide.mask) == wide.boxes[0].tolist()
    x1, y1, x2, y2 = wide.frame.astype(int)
    assert np.array_equal(wide.image[y1:y2, x1:x2], sample.image)
    assert sample.height <= wide.height <= 3 * sample.height + 1
    rest = np.ones(wide.mask.shape, bool)
    rest[y1:y2, x1:x2] = False
    assert (wide.image[rest] == FILL).all()


def test_expand_reaches_its_ratio_and_every_side():
    sample = Sample(np.zeros((10, 10, 3), np.uint8), frame=np.float32([0, 0, 10, 10]))
    frames = [Expand(p=1.0, ratio=(2.0, 2.0))(sample, np.random.default_rng(i)).frame for i in range(200)]
    corners = np.array(frames)[:, :2]
    assert corners.min() == 0 and corners.max() == 10  # on a canvas of 20 there is room of 10
    same = [Expand(p=0.25)(sample, np.random.default_rng(i)) is sample for i in range(400)]
    assert 260 < sum(same) < 340  # 300 expected, standard deviation 8.7


@settings(max_examples=100, deadline=None)
@given(painted(), seeds)
def test_iou_crop_keeps_the_box_on_its_paint(sample, seed):
    cut = RandomIoUCrop()(sample, np.random.default_rng(seed))
    agree(cut)
    assert cut.boxes[0].tolist() == extent(cut.mask) and cut.labels.tolist() == [7]  # it always holds the centre
    x1, y1, x2, y2 = cut.frame
    assert x1 <= 0 and y1 <= 0 and x2 >= cut.width and y2 >= cut.height  # a window inside the picture


@pytest.mark.parametrize("overlap", [0.3, 0.6])
def test_iou_crop_reaches_the_overlap(overlap):
    box = np.float32([[20, 30, 80, 90]])
    sample = Sample(np.zeros((100, 120, 3), np.uint8), boxes=box, labels=np.int64([0]),
                    frame=np.float32([0, 0, 120, 100]))  # fmt: skip
    crops = [RandomIoUCrop(overlaps=[overlap])(sample, np.random.default_rng(i)) for i in range(60)]
    cut = [c for c in crops if c.image.shape != sample.image.shape]
    assert len(cut) > 10
    for c in cut:
        window = np.float32([[-c.frame[0], -c.frame[1], c.width - c.frame[0], c.height - c.frame[1]]])
        assert iou_matrix(window, box)[0, 0] >= overlap


def test_iou_crop_windows_follow_scale_and_ratio():
    step = RandomIoUCrop(scale=(0.3, 1.0), ratio=(0.5, 2.0))
    windows = np.concatenate([step._windows(300, 600, np.random.default_rng(i)) for i in range(40)])
    assert (windows >= 0).all() and (windows <= [600, 300, 600, 300]).all()
    width, height = (windows[:, 2] - windows[:, 0]) / 600, (windows[:, 3] - windows[:, 1]) / 300
    scale, ratio = np.sqrt(width * height), width / height
    assert 0.29 < scale.min() < 0.32 and 0.97 < scale.max() <= 1
    assert 0.49 < ratio.min() < 0.6 and 1.7 < ratio.max() < 2.05  # whole pixels aside


def test_iou_crop_drops_boxes_whose_centre_is_outside():
    boxes = np.float32([[0, 0, 10, 10], [50, 50, 100, 100], [90, 90, 100, 100]])
    sample = whole(Sample(np.zeros((100, 100, 3), np.uint8), boxes=boxes, labels=np.arange(3)))
    seen = set()
    for seed in range(80):
        cut = RandomIoUCrop()(sample, np.random.default_rng(seed))
        left, top = -cut.frame[:2]
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2 - [left, top]
        inside = ((centre >= 0) & (centre < [cut.width, cut.height])).all(axis=1)
        assert cut.labels.tolist() == np.flatnonzero(inside).tolist()  # and in their order
        seen.add(tuple(cut.labels.tolist()))
    assert len(seen) > 3


def test_a_picture_without_boxes_is_not_cropped():
    sample = Sample(np.zeros((9, 9, 3), np.uint8))
    assert RandomIoUCrop()(sample, np.random.default_rng(0)) is sample


def test_random_resize_draws_size_and_interpolation():
    image = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    step = RandomResize([16, [20, 24]])
    out = [step(Sample(image), np.random.default_rng(i)).image for i in range(200)]
    assert {o.shape[:2] for o in out} == {(16, 16), (20, 24)}
    assert len({o.tobytes() for o in out}) == 10  # 2 sizes by 5 interpolations
    one = RandomResize([16], ["area"], keep_ratio=True)(Sample(image), np.random.default_rng(0)).image
    assert one.shape == (11, 16, 3)  # 40 * 16 / 60, rounded
