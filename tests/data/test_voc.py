"""Pascal VOC: counting from 1, list forms, difficult objects, missing and damaged XML, and class names."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ppmobile.data import READERS, VocDetection
from ppmobile.errors import DataError
from ppmobile.files import write_image

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
SIZE = "<size><width>40</width><height>30</height><depth>3</depth></size>"


def thing(name, xmin, ymin, xmax, ymax, more=""):
    bounds = "".join(f"<{k}>{v}</{k}>" for k, v in zip(("xmin", "ymin", "xmax", "ymax"), (xmin, ymin, xmax, ymax)))
    return f"<object><name>{name}</name>{more}<bndbox>{bounds}</bndbox></object>"


def write(root, name, *objects, size=SIZE, suffix=".png"):
    write_image(root / "JPEGImages" / f"{name}{suffix}", np.zeros((30, 40, 3), np.uint8))
    (root / "Annotations").mkdir(exist_ok=True)
    text = f"<annotation><filename>{name}{suffix}</filename>{size}{''.join(objects)}</annotation>"
    (root / "Annotations" / f"{name}.xml").write_text(text, encoding="utf-8")


@pytest.fixture
def root(tmp_path):
    """Two pictures: one with a cat and a difficult dog, one empty."""
    write(tmp_path, "图 é", thing("猫", 1, 1, 40, 30), thing("dog", 5, 6, 5.5, 8, "<difficult>1</difficult>"))
    write(tmp_path, "b", suffix=".jpg")
    lists = tmp_path / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("图 é\nb\n", encoding="utf-8")
    return tmp_path


def test_by_hand(root):
    dataset = READERS.build({"name": "VocDetection", "root": str(root), "file": "train.txt"}, "data.train")
    assert dataset.classes == ["dog", "猫"] and dataset.found
    assert [Path(path).name for path in dataset.paths] == ["图 é.png", "b.jpg"]
    sample = dataset.load(0)
    assert sample.boxes.tolist() == [[0, 0, 40, 30], [4, 5, 5.5, 8]]  # xmin 1 is the first pixel, xmax 40 the last
    assert sample.labels.tolist() == [1, 0] and sample.difficult.tolist() == [False, True]
    assert dataset.load(1).boxes.shape == (0, 4)


def test_class_names_of_a_list_beside_it_or_named(root):
    (root / "label_list.txt").write_text("bird\ndog\n猫\n", encoding="utf-8")
    dataset = VocDetection(str(root), "train.txt")
    assert dataset.classes == ["bird", "dog", "猫"] and not dataset.found
    assert dataset.items[0]["labels"].tolist() == [2, 1]
    (root / "few.txt").write_text("dog\n", encoding="utf-8")
    with pytest.raises(DataError, match="图 é.xml: the class '猫' is not in .*few.txt; correct it or add it there"):
        VocDetection(str(root), "train.txt", "few.txt")


def test_pairs_of_picture_and_xml(root):
    (root / "pairs.txt").write_text("JPEGImages/b.jpg Annotations/b.xml\nJPEGImages\\图 é.png Annotations\\图 é.xml\n",
                                    encoding="utf-8")
    dataset = VocDetection(str(root), "pairs.txt")
    assert [len(item["boxes"]) for item in dataset.items] == [0, 2]
    assert [Path(path).is_file() for path in dataset.paths] == [True, True]


def test_a_list_that_names_a_missing_xml(root):
    (root / "Annotations" / "b.xml").unlink()
    with pytest.raises(DataError, match="train.txt, line 2: .*b.xml is missing; add it or remove the line"):
        VocDetection(str(root), "train.txt")


def test_boxes_that_were_drawn_with_a_click_have_no_area(root):
    write(root, "b", thing("dog", 7, 7, 7, 7), thing("dog", 9, 5, 3, 8), thing("dog", 41, 1, 50, 9),
          thing("dog", "nan", 1, 5, 9), suffix=".jpg")
    dataset = VocDetection(str(root), "train.txt")
    assert [kind for _, kind, _ in dataset.faulty] == [
        "box without area", "box with swapped corners", "box outside", "box not finite"]
    assert dataset.dropped == 4 and len(dataset.items[1]["boxes"]) == 0


@pytest.mark.parametrize("size", ["", "<size/>", "<size><width>0</width><height>0</height></size>"])
def test_an_xml_without_a_size_takes_that_of_the_picture(root, size):
    write(root, "b", thing("dog", 1, 1, 90, 9), size=size, suffix=".jpg")
    assert VocDetection(str(root), "train.txt").items[1]["boxes"].tolist() == [[0, 0, 40, 9]]


def test_parts_of_an_object_are_not_objects(root):
    part = "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>"
    write(root, "b", thing("dog", 1, 1, 9, 9, part), suffix=".jpg")
    assert VocDetection(str(root), "train.txt").items[1]["boxes"].tolist() == [[0, 0, 9, 9]]


@pytest.mark.parametrize("text, message", [
    ("<annotation><object>", r"b.xml: is cut off or no XML \(no element found"),
    ("", "b.xml: is cut off or no XML"),
    ("<html></html>", "b.xml: is no VOC annotation: it begins with <html>"),
    ("<?xml version='1.0' encoding='nothing'?><annotation/>", "b.xml: is cut off or no XML"),
    ("<annotation><object><name>dog</name></object></annotation>", "b.xml: object 1 has no bndbox"),
    (f"<annotation>{thing('', 1, 2, 3, 4)}</annotation>", "b.xml: object 1 has no name"),
    (f"<annotation>{thing('dog', 1, 'two', 3, 4)}</annotation>", "b.xml: <ymin> is 'two', not a number"),
    ("<annotation><object><name>d</name><bndbox/></object></annotation>", "b.xml: <xmin> is nothing, not a number"),
])
def test_damaged_xml_is_one_line(root, text, message):
    (root / "Annotations" / "b.xml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message) as error:
        VocDetection(str(root), "train.txt")
    assert "\n" not in str(error.value)


def test_no_pictures_and_no_classes(root):
    with pytest.raises(DataError, match="0 of its 2 pictures found.*`images` is the folder of the pictures"):
        VocDetection(str(root), "train.txt", images="pictures")
    (root / "ImageSets" / "Main" / "val.txt").write_text("b\n", encoding="utf-8")
    with pytest.raises(DataError, match="val.txt: holds no class names; add them"):
        VocDetection(str(root), "val.txt")
    (root / "ImageSets" / "Main" / "val.txt").write_text("\n", encoding="utf-8")
    with pytest.raises(DataError, match="val.txt: names no pictures; list them, one a line"):
        VocDetection(str(root), "val.txt")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.integers(-5, 60).map(str), st.floats().map(str), st.text("01 -.x", max_size=3)),
                min_size=4, max_size=4))
def test_any_bounds_are_read_or_refused_in_one_line(root, bounds):
    write(root, "b", thing("dog", *bounds), suffix=".jpg")
    try:
        dataset = VocDetection(str(root), "train.txt")
    except DataError as error:
        assert "b.xml" in str(error) and "\n" not in str(error)
    else:
        assert dataset.dropped + len(dataset.items[1]["boxes"]) == 1


def test_the_real_one():
    if not SHARED.is_dir():
        pytest.skip("no shared data beside the repository")
    parts = [VocDetection(str(SHARED / "data" / "bccd"), f"{part}.txt") for part in ("train", "val", "test")]
    # by the README there: 205, 87 and 72 pictures; RBC 4155, WBC 372, Platelets 361. Two RBC have no area.
    assert [len(part) for part in parts] == [205, 87, 72] and [part.dropped for part in parts] == [1, 1, 0]
    labels = np.concatenate([item["labels"] for part in parts for item in part.items])
    assert parts[0].classes == ["Platelets", "RBC", "WBC"] and np.bincount(labels).tolist() == [361, 4153, 372]
