"""COCO files: ids in any order, crowds, areas, pictures without boxes, and every way a file can be wrong."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ppmobile.data import READERS, CocoDetection
from ppmobile.data.check import enforce, scan
from ppmobile.errors import DataError
from ppmobile.files import write_image

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def content():
    """Three pictures of 40x30, the second without boxes; category ids 90, 1, 3."""
    return {
        "images": [{"id": i, "file_name": f"图 {i}.png", "width": 40, "height": 30} for i in (7, 2, 5)],
        "annotations": [
            {"id": 1, "image_id": 5, "category_id": 90, "bbox": [1, 2, 10, 20], "area": 50, "iscrowd": 0},
            {"id": 2, "image_id": 7, "category_id": 3, "bbox": [0.5, 0, 39, 30], "area": 900, "iscrowd": 1},
            {"id": 3, "image_id": 5, "category_id": 1, "bbox": [5, 5, 5, 5]},
            {"id": 4, "image_id": 5, "category_id": 1, "bbox": [5, 5, 0, 5], "area": 0},
        ],
        "categories": [{"id": i, "name": name} for i, name in ((90, "牙刷"), (1, "person"), (3, "car"))],
    }


@pytest.fixture
def reader(tmp_path):
    """A function that writes a COCO file and reads it."""
    for i in (7, 2, 5):
        write_image(tmp_path / "pictures" / f"图 {i}.png", np.full((30, 40, 3), i, np.uint8))

    def read(tree, images="pictures"):
        text = tree if isinstance(tree, str) else json.dumps(tree)
        (tmp_path / "标注.json").write_text(text, encoding="utf-8")
        return CocoDetection(str(tmp_path), "标注.json", images)

    return read


def test_ids_in_any_order_by_hand(reader):
    dataset = reader(content())
    assert dataset.classes == ["person", "car", "牙刷"]
    assert [Path(path).name for path in dataset.paths] == ["图 2.png", "图 5.png", "图 7.png"]
    assert [item["labels"].tolist() for item in dataset.items] == [[], [2, 0], [1]]
    assert [item["difficult"].tolist() for item in dataset.items] == [[], [False, False], [True]]
    assert [item["areas"].tolist() for item in dataset.items] == [[], [50, 25], [900]]
    sample = dataset.load(1)
    assert sample.boxes.tolist() == [[1, 2, 11, 22], [5, 5, 10, 10]] and sample.boxes.dtype == np.float32
    assert sample.image[0, 0, 0] == 5 and sample.index == 1 and sample.frame.tolist() == [0, 0, 40, 30]
    assert [(kind, dataset.dropped) for _, kind, _ in dataset.faulty] == [("box without area", 1)]


def test_the_config_builds_it(reader, tmp_path):
    reader(content())
    part = {"name": "CocoDetection", "root": str(tmp_path), "file": "标注.json", "images": "pictures"}
    assert len(READERS.build(part, "data.train")) == 3


def test_other_ids_for_the_same_names_are_mapped(reader):
    train, tree = reader(content()), content()
    for one, identity in zip(tree["categories"], (2, 8, 4)):  # was 90, 1, 3
        one["id"] = identity
    for one in tree["annotations"]:
        one["category_id"] = {90: 2, 1: 8, 3: 4}[one["category_id"]]
    val = reader(tree)
    assert val.classes == ["牙刷", "car", "person"]
    val.align(train.classes)
    assert [item["labels"].tolist() for item in val.items] == [item["labels"].tolist() for item in train.items]


def broken(change):
    tree = content()
    change(tree)
    return tree


@pytest.mark.parametrize("tree, message", [
    (json.dumps(content())[:-40], "标注.json, line 1, column .*: is cut off or damaged"),
    (broken(lambda t: t.pop("annotations")), "has no list 'annotations'; a COCO file of boxes holds images"),
    (broken(lambda t: t["annotations"][2].update(image_id=77)),
     r"annotations\[2\] is of image 77, which the file does not list; remove the annotation or add the image"),
    (broken(lambda t: t["annotations"][0].update(category_id=5)), r"annotations\[0\] is of category 5, which the file"),
    (broken(lambda t: t["annotations"][0].pop("bbox")), r"annotations\[0\] has no 'bbox'"),
    (broken(lambda t: t["annotations"][0].update(bbox=[1, 2, 3])), r"annotations\[0\] cannot be used \(not enough"),
    (broken(lambda t: t["annotations"][0].update(image_id=[1])), r"annotations\[0\] cannot be used"),
    (broken(lambda t: t["images"][1].update(id=7)), r"images\[1\]: the id 7 stands there twice"),
    (broken(lambda t: t["categories"][1].update(id=90)), r"categories\[1\]: the id 90 stands there twice"),
    (broken(lambda t: t["categories"][1].update(name="car")), "the class 'car' stands there twice"),
    (broken(lambda t: t["categories"][1].update(id="1")), "the list of categories cannot be used"),
    (broken(lambda t: t["images"][1].update(id="x")), "the list of images cannot be used"),
    (broken(lambda t: t.update(categories=[], annotations=[])), "holds no class names"),
    (broken(lambda t: t.update(images=[], annotations=[])), "names no pictures"),
    (broken(lambda t: [one.update(file_name="gone") for one in t["images"]]),
     "0 of its 3 pictures found; first missing: .*gone; `images` must be the folder under `root`"),
])
def test_what_is_wrong_is_one_line(reader, tree, message):
    with pytest.raises(DataError, match=message) as error:
        reader(tree)
    assert "标注.json" in str(error.value) and "\n" not in str(error.value)


def test_some_missing_pictures_are_left_to_the_scan(reader, tmp_path):
    (tmp_path / "pictures" / "图 2.png").unlink()
    dataset = reader(content())
    with pytest.raises(DataError, match="1 of 3 pictures cannot be used .*图 2.png: missing: no such file"):
        enforce(dataset, scan(dataset))


def test_a_file_without_sizes_takes_those_of_the_pictures(reader):
    tree = content()
    for one in tree["images"]:
        del one["width"], one["height"]
    tree["annotations"][0]["bbox"] = [30, 2, 100, 20]
    assert reader(tree).items[1]["boxes"].tolist() == [[30, 2, 40, 22], [5, 5, 10, 10]]


leaves = st.one_of(st.none(), st.integers(-2, 9), st.floats(), st.text(max_size=3), st.lists(st.floats(), max_size=5))
PLACES = [("images", "id"), ("images", "file_name"), ("images", "width"), ("annotations", "image_id"),
          ("annotations", "category_id"), ("annotations", "bbox"), ("annotations", "area"), ("annotations", "iscrowd"),
          ("categories", "id"), ("categories", "name")]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PLACES), leaves)
def test_any_value_anywhere_is_read_or_refused_in_one_line(reader, place, value):
    tree = content()
    tree[place[0]][0][place[1]] = value
    try:
        dataset = reader(tree)
    except DataError as error:
        assert "标注.json" in str(error) and "\n" not in str(error)
    else:
        for item in dataset.items:
            assert len(item["boxes"]) == len(item["labels"]) == len(item["difficult"])


def test_the_real_one():
    if not SHARED.is_dir():
        pytest.skip("no shared data beside the repository")
    root = str(SHARED / "data" / "coco128")
    dataset = CocoDetection(root, "annotations/instances_train2017.json", "images/train2017")
    # counted in the JSON: 128 images, 939 annotations, 10 of them crowds, 2 images without any
    assert (len(dataset), len(dataset.classes), dataset.dropped) == (128, 80, 0)
    assert sum(len(item["boxes"]) for item in dataset.items) == 939
    assert sum(item["difficult"].sum() for item in dataset.items) == 10
    assert sum(not len(item["boxes"]) for item in dataset.items) == 2
