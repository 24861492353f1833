"""Faulty boxes are found, named and counted; what is left lies inside its picture; labels follow their names."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.data.boxes import CUT, FAULTS, BoxDataset, fault_codes, listed_names, unique_names
from ppmobile.errors import DataError


@pytest.fixture
def dataset(tmp_path):
    one = BoxDataset(str(tmp_path))
    one.classes = ["cat", "dog", "猫"]
    return one


@pytest.mark.parametrize("box, fault", [
    ([10, 10, 20, 30], None), ([0, 0, 100, 50], None), ([-1, 0, 101, 51], None),
    ([10, 10, 10, 30], "box without area"), ([10, 30, 20, 30], "box without area"),
    ([20, 10, 10, 30], "box with swapped corners"), ([10, 30, 20, 10], "box with swapped corners"),
    ([100, 0, 120, 30], "box outside"), ([-5, 0, 0, 30], "box outside"), ([10, 50, 20, 60], "box outside"),
    ([float("nan"), 10, 20, 30], "box not finite"), ([10, 10, float("inf"), 30], "box not finite"),
    ([10, 10, 1e300, 30], "box not finite"),
    ([-1.5, 10, 20, 30], "box beyond the edge"), ([10, 10, 120, 30], "box beyond the edge"),
])
def test_each_fault_by_hand_in_a_picture_of_100x50(dataset, box, fault):
    dataset.add("图.jpg", (100, 50), [[1, 2, 3, 4], box], [0, 2])
    assert [(path, kind) for path, kind, _ in dataset.faulty] == ([("图.jpg", fault)] if fault else [])
    left_out = fault not in (None, FAULTS[CUT])
    assert dataset.dropped == left_out
    assert dataset.items[0]["labels"].tolist() == ([0] if left_out else [0, 2])


def test_a_reason_gives_the_numbers_and_what_was_done(dataset):
    dataset.add("a", (100, 50), [[10.5, 10, 120, 30], [3, 4, 3, 9]], [0, 0])
    assert [reason for _, _, reason in dataset.faulty] == [
        "(10.5, 10, 120, 30) in a picture of 100x50 pixels, cut at the edge",
        "(3, 4, 3, 9) in a picture of 100x50 pixels, left out"]
    assert dataset.items[0]["boxes"].tolist() == [[10.5, 10, 100, 30]]


def test_without_a_size_nothing_is_outside(dataset):
    dataset.add("a", None, [[-9, 0, 2000, 3], [5, 5, 4, 6]], [0, 1])
    assert dataset.items[0]["boxes"].tolist() == [[-9, 0, 2000, 3]] and dataset.dropped == 1


def test_a_picture_without_boxes_has_empty_arrays_of_the_right_kind(dataset):
    dataset.add("a", (9, 9), [], [])
    item = dataset.items[0]
    assert [(item[key].shape, item[key].dtype) for key in ("boxes", "labels", "difficult")] == [
        ((0, 4), np.float32), ((0,), np.int64), ((0,), bool)]


special = st.sampled_from([0.0, 64.0, 48.0, float("nan"), float("inf"), 1e300])
number = st.one_of(st.floats(-300, 300, width=32), special)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(number, min_size=4, max_size=4), max_size=6))
def test_what_is_kept_lies_inside_has_area_and_keeps_its_row(boxes):
    dataset = BoxDataset(".")
    dataset.add("a", (64, 48), boxes, range(len(boxes)), areas=range(len(boxes)))
    item = dataset.items[0]
    x1, y1, x2, y2 = item["boxes"].T
    assert (0 <= x1).all() and (x1 < x2).all() and (x2 <= 64).all()
    assert (0 <= y1).all() and (y1 < y2).all() and (y2 <= 48).all()
    assert len(boxes) == len(x1) + dataset.dropped
    assert len(item["difficult"]) == len(x1) and item["areas"].tolist() == item["labels"].tolist()
    for label, box in zip(item["labels"], item["boxes"]):
        assert np.allclose(box, np.clip(boxes[label], 0, [64, 48, 64, 48]))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(number, min_size=4, max_size=4), max_size=6))
def test_what_was_kept_once_is_faultless_the_second_time(boxes):
    dataset = BoxDataset(".")
    dataset.add("a", (64, 48), boxes, [0] * len(boxes))
    assert (fault_codes(dataset.items[0]["boxes"], (64, 48)) == -1).all()


def test_align_maps_by_name_and_keeps_the_boxes(dataset):
    dataset.add("a", (9, 9), [[1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 3, 6]], [0, 2, 1])
    dataset.add("b", (9, 9), [], [])
    dataset.align(["猫", "dog", "cat"])
    assert dataset.classes == ["猫", "dog", "cat"]
    assert dataset.items[0]["labels"].tolist() == [2, 0, 1] and dataset.items[0]["boxes"][:, 3].tolist() == [4, 5, 6]
    assert dataset.items[1]["labels"].dtype == np.int64


def test_align_refuses_other_names(dataset):
    with pytest.raises(DataError, match="has the class 'dog', which is not among the 2 classes of training; "):
        dataset.align(["cat", "猫"])
    with pytest.raises(DataError, match="lacks the class 'bird' among the 4 classes of training"):
        dataset.align(["bird", "cat", "dog", "猫"])
    assert dataset.classes == ["cat", "dog", "猫"]


def test_names_that_only_occur_may_be_fewer_but_not_others(dataset):
    dataset.found = True
    dataset.align(["bird", "cat", "dog", "猫"])
    assert dataset.classes == ["bird", "cat", "dog", "猫"]
    with pytest.raises(DataError, match="has the class 'bird'.*name all classes in labels.txt"):
        dataset.align(["cat", "dog", "猫"])


def test_missing_root_and_pictures(tmp_path, dataset):
    with pytest.raises(DataError, match="nowhere: no such folder; `root` must"):
        BoxDataset(str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="LIST: names no pictures; ADVICE"):
        dataset.require_pictures("LIST", "ADVICE")
    dataset.add(tmp_path / "gone.jpg", None, [], [])
    with pytest.raises(DataError, match="LIST: 0 of its 1 pictures found; first missing: .*gone.jpg; ADVICE"):
        dataset.require_pictures("LIST", "ADVICE")


def test_names_from_files(tmp_path):
    assert listed_names(None, [tmp_path], ["labels.txt"]) == (None, None)
    (tmp_path / "labels.txt").write_text("狗\ncat\n", encoding="utf-8")
    (tmp_path / "other.txt").write_text("a\nb\na\n", encoding="utf-8")
    assert listed_names(None, [tmp_path], ["x.txt", "labels.txt"]) == (["狗", "cat"], tmp_path / "labels.txt")
    with pytest.raises(DataError, match="other.txt: the class 'a' stands there twice"):
        listed_names("other.txt", [tmp_path], ["labels.txt"])
    with pytest.raises(DataError, match="the list of class names 'gone.txt' is missing"):
        listed_names("gone.txt", [tmp_path], ["labels.txt"])
    with pytest.raises(DataError, match="F: holds no class names"):
        unique_names([], "F")
