"""Detection AutoAugment: the policies as published, boxes on their paint, box-only steps inside their boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painting import agree, painted

from ppmobile.data.frame import whole
from ppmobile.data.sample import Sample
from ppmobile.transforms import operations
from ppmobile.transforms.autoaugment_boxes import AutoAugmentBoxes, operate, operate_in_boxes
from ppmobile.transforms.parts import FILL
from ppmobile.transforms.policies import POLICIES

NAMES = sorted({name for policy in POLICIES.values() for row in policy for name, _, _ in row})


def noise(height=64, width=64, boxes=((8, 8, 24, 40), (30, 20, 60, 50))):
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return whole(Sample(image, boxes=np.float32(boxes).reshape(-1, 4), labels=np.arange(len(boxes))))


def test_the_policies_have_the_published_shape():
    # rows and operations a row, counted in the paper's released policies
    assert {name: len(rows) for name, rows in POLICIES.items()} == {"v0": 5, "v1": 20, "v2": 15, "v3": 15}
    assert {name: {len(row) for row in rows} for name, rows in POLICIES.items()} == {
        "v0": {2}, "v1": {2}, "v2": {2, 3}, "v3": {2}}  # one row of v2 is short  # fmt: skip
    for rows in POLICIES.values():
        assert all(0 <= p <= 1 and 0 <= level <= 10 for row in rows for _, p, level in row)


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_runs_and_leaves_its_input(name):
    sample = noise()
    before = sample.image.copy()
    sample.image.setflags(write=False)
    rng = np.random.default_rng(0)
    if name.endswith("_Only_BBoxes"):
        out = operate_in_boxes(sample, name[: -len("_Only_BBoxes")], 1.0, 0.6, rng)
    else:
        out = operate(sample, name, 0.6, rng)
    assert np.array_equal(sample.image, before) and out.image.shape == before.shape and out.image.dtype == np.uint8


@settings(max_examples=60, deadline=None)
@given(painted(), st.sampled_from(sorted(POLICIES)), st.integers(0, 10**6))
def test_boxes_stay_inside_with_all_that_belongs_to_them(sample, policy, seed):
    agree(AutoAugmentBoxes(policy)(sample, np.random.default_rng(seed)))


@pytest.mark.parametrize("name", ["TranslateX_BBox", "TranslateY_BBox", "ShearX_BBox", "ShearY_BBox", "Rotate_BBox"])
def test_moves_take_the_boxes_along(name):
    image, mask = np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.uint8)
    image[26:38, 24:40], mask[26:38, 24:40] = 255, 1
    sample = Sample(image, boxes=np.float32([[24, 26, 40, 38]]), labels=np.int64([0]), mask=mask)
    for seed in range(4):
        out = operate(sample, name, 0.4, np.random.default_rng(seed))
        rows, columns = np.nonzero(out.mask == 1)
        extent = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert np.abs(out.boxes[0] - extent).max() <= 1.5  # whole pixels against corners
        assert not np.array_equal(out.image, image)


def test_shifts_are_published_pixels_scaled_to_the_picture():
    image = np.zeros((480, 640, 3), np.uint8)
    sample = Sample(image, boxes=np.float32([[300, 200, 340, 240]]), labels=np.int64([0]))
    moved = operate(sample, "TranslateX_BBox", 0.4, np.random.default_rng(0)).boxes[0, 0] - 300
    assert abs(moved) == 100  # 0.4 of 250 px, at the 640 px of a COCO picture
    half = Sample(image[::2, ::2], boxes=sample.boxes / 2, labels=sample.labels)
    assert abs(operate(half, "TranslateX_BBox", 0.4, np.random.default_rng(0)).boxes[0, 0] - 150) == 50


def test_box_only_steps_change_pixels_inside_boxes_alone():
    sample = noise()
    outside = np.ones((64, 64), bool)
    for left, top, right, bottom in sample.boxes.astype(int):
        outside[top:bottom, left:right] = False
    for name in ("Flip", "Equalize", "TranslateY", "ShearX", "Cutout"):
        changed = 0
        for seed in range(20):
            out = operate_in_boxes(sample, name, 1.0, 0.6, np.random.default_rng(seed))
            assert np.array_equal(out.image[outside], sample.image[outside]), name
            assert out.boxes is sample.boxes and out.labels is sample.labels
            changed += not np.array_equal(out.image, sample.image)
        assert 4 < changed < 18, name  # one of two boxes with 1/3 each: 5/9 of 20


def test_flip_in_a_box_mirrors_its_pixels():
    sample = noise(boxes=[(8, 8, 24, 40)])
    flipped = [operate_in_boxes(sample, "Flip", 1.0, 0.0, np.random.default_rng(i)).image for i in range(20)]
    flipped = [image for image in flipped if not np.array_equal(image, sample.image)]
    assert flipped and all(np.array_equal(i[8:40, 8:24], sample.image[8:40, 8:24][:, ::-1]) for i in flipped)


def test_cutouts_cover_what_they_say():
    # a gray picture of 640 x 480; Cutout at level 8 covers squares of 2 * 80 px, unless an edge cuts them
    sample = Sample(np.zeros((480, 640, 3), np.uint8), boxes=np.float32([[300, 200, 340, 260]]), labels=np.int64([0]))
    areas = [(operate(sample, "Cutout", 0.8, np.random.default_rng(i)).image == FILL).all(axis=2).sum()
             for i in range(30)]
    assert max(areas) == 160 * 160 and min(areas) >= 80 * 80
    for seed in range(30):  # level 4: 0.75 * 0.4 = 0.3 of the sides, centred in the box
        out = operate(sample, "BBox_Cutout", 0.4, np.random.default_rng(seed))
        rows, columns = np.nonzero((out.image == FILL).all(axis=2))
        assert len(rows) == 12 * 18
        assert 300 <= columns.mean() + 0.5 <= 340 and 200 <= rows.mean() + 0.5 <= 260
        assert out.boxes is sample.boxes


def test_solarize_add_by_hand():
    image = np.repeat(np.uint8([0, 100, 127, 128, 255])[None, :, None], 3, axis=2)
    assert operations.solarize_add(image, 60)[0, :, 0].tolist() == [60, 160, 187, 128, 255]


def test_probability():
    sample = noise()
    same = [AutoAugmentBoxes(p=0.3)(sample, np.random.default_rng(i)) is sample for i in range(100)]
    assert 60 < sum(same) < 97  # 70 expected, and a few more whose row did nothing
    no_boxes = noise(boxes=())
    for seed in range(30):
        AutoAugmentBoxes("v1")(no_boxes, np.random.default_rng(seed))
