"""Mosaic: four pictures on one canvas, every box on its paint, drawn from the dataset by the sample's own generator."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from painting import agree, painted

from ppmobile.data.frame import to_original, whole
from ppmobile.data.sample import Sample
from ppmobile.errors import ConfigError
from ppmobile.transforms import Compose
from ppmobile.transforms.mosaic import Mosaic
from ppmobile.transforms.parts import FILL

COLORS = np.uint8([[250, 0, 0], [0, 250, 0], [0, 0, 250], [250, 250, 0]])


class Pictures:
    """A dataset of 50 x 40 pictures, each of one grey with one box around it all."""

    def __init__(self, count=9):
        self.count, self.loaded = count, []

    def __len__(self):
        return self.count

    def load(self, index):
        self.loaded.append(index)
        image = np.full((50, 40, 3), 10 * index, np.uint8)
        return whole(Sample(image, boxes=np.float32([[0, 0, 40, 50]]), labels=np.int64([index]), index=index))


def colored(index, height, width):
    """A picture of one colour, with one box around it all."""
    image = np.tile(COLORS[index], (height, width, 1))
    return whole(Sample(image, boxes=np.float32([[0, 0, width, height]]), labels=np.int64([index]),
                        difficult=np.array([index == 2])))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=4, max_size=4), st.integers(0, 10**6))
def test_four_pictures_each_exactly_in_its_box(sizes, seed):
    others = iter([colored(i, *sizes[i]) for i in (1, 2, 3)])
    out = Mosaic([32, 40], scale=(0.5, 2.0))(colored(0, *sizes[0]), np.random.default_rng(seed), others.__next__)
    assert out.image.shape == (32, 40, 3)
    painted_pixels = 0
    for box, label, difficult in zip(out.boxes, out.labels, out.difficult):
        rows, columns = np.nonzero((out.image == COLORS[label]).all(axis=2))
        extent = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert box.tolist() == extent and difficult == (label == 2)
        painted_pixels += len(rows)
    covered = (out.image == FILL).all(axis=2).sum() + painted_pixels
    assert covered + sum((out.image == COLORS[i]).all(axis=2).sum() for i in range(4) if i not in out.labels) == 32 * 40


@settings(max_examples=60, deadline=None)
@given(painted(), st.integers(0, 10**6))
def test_boxes_and_parts_stay_together(sample, seed):
    out = Mosaic(24)(sample, np.random.default_rng(seed), lambda: sample)
    agree(out)
    assert (out.size, out.path) == (sample.size, sample.path)


def test_the_frame_is_that_of_the_first_picture():
    for seed in range(20):
        others = iter([colored(i, 20, 20) for i in (1, 2, 3)])
        out = Mosaic(64, scale=(0.3, 0.4))(colored(0, 30, 20), np.random.default_rng(seed), others.__next__)
        box = out.boxes[out.labels == 0]
        assert len(box) == 1  # small enough to be seen in part at least
        back = to_original(box, out.frame, out.size)
        assert (back >= -1e-3).all() and (back <= [20.001, 30.001] * 2).all()


def test_probability_zero_reads_nothing():
    sample, dataset = colored(0, 5, 5), Pictures()
    assert Compose([{"name": "Mosaic", "size": 8, "p": 0.0}])(sample, np.random.default_rng(0), dataset) is sample
    assert dataset.loaded == []


def test_the_others_take_the_steps_before_and_not_those_behind():
    steps = Compose([{"name": "Resize", "size": 8}, {"name": "Mosaic", "size": 16, "scale": [0.5, 0.5]},
                     {"name": "Resize", "size": 32}])  # fmt: skip
    dataset = Pictures()
    out = steps(dataset.load(0), np.random.default_rng(1), dataset)
    assert out.image.shape == (32, 32, 3) and len(dataset.loaded) == 4
    shapes = {tuple((box[2:] - box[:2]).tolist()) for box in out.boxes}
    assert all(w <= 16 and h <= 16 for w, h in shapes)  # 8 px each on a canvas of 16, doubled
    assert (16, 16) in shapes  # squares: they were resized before they were laid


def test_a_sample_depends_on_its_generator_alone():
    steps = Compose([{"name": "Mosaic", "size": 30}, {"name": "Flip"}])
    first, second = Pictures(), Pictures()
    a, b = (steps(d.load(3), np.random.default_rng((0, 1, 3)), d) for d in (first, second))
    assert np.array_equal(a.image, b.image) and np.array_equal(a.boxes, b.boxes) and first.loaded == second.loaded
    c = steps(first.load(3), np.random.default_rng((0, 2, 3)), first)
    assert not np.array_equal(a.image, c.image)


def test_without_a_dataset_it_says_where_it_belongs():
    with pytest.raises(ConfigError, match="Mosaic takes further pictures .* transforms.train"):
        Compose([{"name": "Mosaic", "size": 8}])(colored(0, 5, 5), np.random.default_rng(0))
