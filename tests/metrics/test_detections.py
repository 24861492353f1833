"""Boxes of a detector are checked, kept, sent between processes and compared with what is there."""

import numpy as np
import pytest

from ppmobile.data.boxes import BoxDataset
from ppmobile.errors import DataError, PPMobileError
from ppmobile.metrics import METRICS


def dataset(*pictures, classes=("cat", "dog")):
    """A dataset in memory; each picture is a list of (label, difficult, x1, y1, x2, y2)."""
    made = BoxDataset(".")
    made.classes = list(classes)
    for boxes in pictures:
        table = np.reshape(boxes, (-1, 6))
        made.add("a.jpg", (100, 100), table[:, 2:], table[:, 0], table[:, 1])
    return made


TWO = dataset([(0, 0, 10, 10, 20, 20), (1, 0, 30, 30, 60, 60)], [], [(1, 1, 5, 5, 50, 50)])


def metric(name, data):
    return METRICS.build({"name": name}, "eval.metric", classes=data.classes, dataset=data)


@pytest.fixture(params=["CocoMap", "VocMap"])
def name(request):
    return request.param


def test_the_best_epoch_is_chosen_by_the_first_number(name):
    made = metric(name, TWO)
    made.update([[[0, 0.9, 10, 10, 20, 20]], [], []], {"index": [0, 1, 2]})
    assert list(made.result())[0] == made.main and "map50" in made.result()


@pytest.mark.parametrize("outputs, message", [
    ([np.zeros((2, 5)), [], []], r"boxes of shape \(2, 5\) for picture 0 of the dataset; expected \(k, 6\)"),
    ([[], [[0, np.nan, 1, 1, 2, 2]], []], "the model's boxes for picture 1 of the dataset are not finite"),
    ([[], [], [[2, 0.5, 1, 1, 2, 2]]], r"gives picture 2 of the dataset a class outside 0..1"),
    ([[], [], [[-1, 0.5, 1, 1, 2, 2]]], r"a class outside 0..1"),
    ([[], []], "2 lists of boxes for 3 pictures"),
])
def test_wrong_outputs(name, outputs, message):
    with pytest.raises(PPMobileError, match=f"{name}: .*{message}"):
        metric(name, TWO).update(outputs, {"index": np.arange(3)})


def test_no_boxes_to_find(name):
    made = metric(name, dataset([], [(0, 1, 1, 1, 5, 5)]))
    made.update([[[0, 0.9, 1, 1, 5, 5]], []], {"index": [0, 1]})
    with pytest.raises(DataError, match=f"{name}: there is nothing to evaluate: no box in 2 pictures"):
        made.result()


def test_nothing_found_is_zero(name):
    made = metric(name, TWO)
    made.update([[], [], []], {"index": [0, 1, 2]})
    assert set(made.result().values()) == {0.0}
    assert [row["ap50"] for row in made.per_class()] == [0.0, 0.0]


def test_only_pictures_that_were_seen_count(name):
    made = metric(name, TWO)
    made.update([[]], {"index": [0]})
    assert made.result()["map50"] == 0
    other = metric(name, dataset([(0, 0, 1, 1, 9, 9)], [(0, 0, 1, 1, 9, 9)]))
    other.update([[[0, 0.5, 1, 1, 9, 9]]], {"index": [1]})
    assert other.result()["map50"] == pytest.approx(1)


def random_outputs(data, seed):
    rng = np.random.default_rng(seed)
    outputs = []
    for item in data.items:
        corner = rng.uniform(0, 70, (6, 2))
        near = item["boxes"] + rng.normal(0, 3, item["boxes"].shape)
        boxes = np.concatenate([np.hstack([corner, corner + rng.uniform(5, 30, (6, 2))]), near])
        label = np.concatenate([rng.integers(0, 2, 6), item["labels"]])
        outputs.append(np.column_stack([label, rng.integers(1, 6, len(boxes)) / 5, boxes]))  # with equal scores
    return outputs


@pytest.mark.parametrize("seed", range(3))
def test_processes_and_batches_change_nothing(name, seed):
    outputs, order = random_outputs(TWO, seed), [2, 0, 1]
    whole, parts = metric(name, TWO), [metric(name, TWO), metric(name, TWO)]
    whole.update(outputs, {"index": np.arange(3)})
    for place, i in enumerate(order):
        parts[place % 2].update([outputs[i]], {"index": [i]})
    merged = metric(name, TWO)
    for part in parts:
        merged.merge(part.state())
    merged.merge(metric(name, TWO).state())  # a process that had no pictures
    assert merged.result() == whole.result() and merged.per_class() == whole.per_class()
    assert all(array.dtype != object for array in merged.state().values())


def test_a_later_update_is_counted_although_numbers_were_asked_for(name):
    made = metric(name, TWO)
    made.update([[[0, 0.9, 10, 10, 20, 20]]], {"index": [0]})
    assert made.per_class()[1]["ap50"] == 0
    made.update([[[0, 0.9, 10, 10, 20, 20], [1, 0.8, 30, 30, 60, 60]]], {"index": [0]})
    assert made.result()["map50"] == pytest.approx(1)
