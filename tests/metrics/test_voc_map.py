"""VOC's average precision, by hand and against a plain loop over the rules of the devkit."""

import numpy as np
import pytest

from ppmobile.data.boxes import BoxDataset
from ppmobile.metrics.voc import VocMap, pairwise_iou


def dataset(*pictures, classes=("a", "b")):
    """A dataset in memory; each picture is a list of (label, difficult, x1, y1, x2, y2)."""
    made = BoxDataset(".")
    made.classes = list(classes)
    for boxes in pictures:
        table = np.reshape(boxes, (-1, 6))
        made.add("a.jpg", (100, 100), table[:, 2:], table[:, 0], table[:, 1])
    return made


def measured(data, *outputs):
    metric = VocMap(data.classes, data)
    metric.update(list(outputs), {"index": np.arange(len(outputs))})
    return metric


THREE = dataset([(0, 0, 0, 0, 10, 10), (0, 0, 20, 0, 30, 10), (0, 0, 40, 0, 50, 10)], classes=["a"])


def test_three_boxes_by_hand():
    metric = measured(THREE, [[0, 0.9, 0, 0, 10, 10], [0, 0.8, 60, 60, 70, 70], [0, 0.7, 20, 0, 30, 10]])
    # right, wrong, right: precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3; envelope 1 up to 1/3, 2/3 up to 2/3, then 0
    assert metric.result()["map50"] == pytest.approx(1 / 3 * 1 + 1 / 3 * 2 / 3)
    # recalls 0, .1, .2, .3 see 1; .4, .5, .6 see 2/3; .7 to 1 see 0
    assert metric.result()["map50_11"] == pytest.approx((4 + 3 * 2 / 3) / 11)
    expected = {"ap50": pytest.approx(5 / 9), "ap50_11": pytest.approx(6 / 11), "recall": pytest.approx(2 / 3)}
    assert metric.per_class() == [{"class": "a", "boxes": 3, **expected}]
    assert metric.curves()[0]["precision"].tolist() == [1, 0.5, pytest.approx(2 / 3)]


def test_a_second_box_on_an_object_is_wrong_and_the_surest_is_right():
    metric = measured(THREE, [[0, 0.6, 0, 0, 10, 10], [0, 0.9, 0, 0, 10, 9], [0, 0.5, 20, 0, 30, 10]])
    assert metric.curves()[0]["precision"].tolist() == [1, 0.5, pytest.approx(2 / 3)]


def test_an_overlap_of_exactly_one_half_is_right():
    assert measured(THREE, [[0, 0.9, 0, 0, 10, 5]]).curves()[0]["precision"].tolist() == [1]
    assert measured(THREE, [[0, 0.9, 0, 0, 10, 4.9]]).curves()[0]["precision"].tolist() == [0]


def test_difficult_objects_are_neither_missed_nor_found():
    data = dataset([(0, 1, 0, 0, 10, 10), (0, 0, 20, 0, 30, 10)], classes=["a"])
    metric = measured(data, [[0, 0.9, 0, 0, 10, 10], [0, 0.8, 0, 0, 10, 10], [0, 0.7, 20, 0, 30, 10]])
    assert metric.result() == {"map50": 1, "map50_11": 1} and metric.per_class()[0]["boxes"] == 1


def test_classes_and_pictures_do_not_mix():
    data = dataset([(0, 0, 0, 0, 10, 10)], [(1, 0, 0, 0, 10, 10)], classes=["a", "b", "none"])
    wrong = measured(data, [[1, 0.9, 0, 0, 10, 10]], [[0, 0.9, 0, 0, 10, 10], [2, 0.8, 0, 0, 10, 10]])
    assert wrong.result()["map50"] == 0
    assert wrong.per_class()[2] == {"class": "none", "boxes": 0, "ap50": None, "ap50_11": None, "recall": None}
    assert [row["class"] for row in wrong.curves()] == ["a", "b"]


def slow_ap(pictures, found, label):
    """AP of one class by the rules of VOC's devkit, box after box."""
    taken, hits, total = set(), [], sum(row[0] == label and not row[1] for rows in pictures for row in rows)
    boxes = [(-row[1], i, row) for i, rows in enumerate(found) for row in rows if row[0] == label]
    for _, i, row in sorted(boxes, key=lambda one: one[0]):
        overlaps = np.where(pictures[i][:, 0] == label, pairwise_iou(row[None, 2:], pictures[i][:, 2:])[0], -1)
        best = int(np.argmax(overlaps))
        if overlaps[best] >= 0.5:
            if pictures[i][best][1]:
                continue
            hits.append((i, best) not in taken)
            taken.add((i, best))
        else:
            hits.append(False)
    area, last = 0.0, 0.0
    points = [(sum(hits[:k]) / total, sum(hits[:k]) / k) for k in range(1, len(hits) + 1)]
    for k, (recall, _) in enumerate(points):
        area += (recall - last) * max(precision for _, precision in points[k:])
        last = recall
    return area


@pytest.mark.parametrize("seed", range(8))
def test_against_the_loop(seed):
    rng = np.random.default_rng(seed)

    def rows(count, second):
        corner = rng.integers(0, 6, (count, 2)) * 5
        size = rng.integers(2, 5, (count, 2)) * 5
        return np.column_stack([rng.integers(0, 2, count), second(count), corner, corner + size]).astype(float)

    pictures = [rows(rng.integers(1, 5), lambda n: rng.random(n) < 0.2) for _ in range(6)]
    pictures[0][:2, 1] = 0
    found = [rows(rng.integers(0, 12), lambda n: rng.permutation(n) + rng.random(n)) for _ in range(6)]
    metric = measured(dataset(*pictures), *found)
    for label, row in enumerate(metric.per_class()):
        if row["boxes"]:
            assert row["ap50"] == pytest.approx(slow_ap(pictures, found, label), abs=1e-9)


def test_iou_by_hand():
    first = np.float32([[0, 0, 2, 2], [5, 5, 5, 5]])
    assert pairwise_iou(first, np.float32([[1, 1, 3, 3], [0, 0, 2, 2], [2, 0, 4, 2], [5, 5, 5, 5]])).tolist() == [
        [pytest.approx(1 / 7), 1, 0, 0], [0, 0, 0, 0]]
