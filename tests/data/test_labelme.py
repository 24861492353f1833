"""LabelMe files: shapes by hand, where the picture lies, class names, and files that are wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from ppmobile.data import LabelMeDetection
from ppmobile.errors import DataError
from ppmobile.files import write_image


def shape(label, points, kind="rectangle"):
    return {"label": label, "points": points, "shape_type": kind, "flags": {}, "group_id": None}


def write(folder, name, *shapes, **changes):
    write_image(folder / f"{name}.png", np.zeros((30, 40, 3), np.uint8))
    tree = {"version": "5.4", "imagePath": f"{name}.png", "imageWidth": 40, "imageHeight": 30, "imageData": None,
            "shapes": list(shapes), **changes}
    (folder / f"{name}.json").write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")


@pytest.fixture
def root(tmp_path):
    write(tmp_path, "图 é", shape("猫", [[10, 20], [4, 5]]), shape("dog", [[20, 15], [20, 10]], "circle"))
    write(tmp_path, "b")
    return tmp_path


def test_shapes_by_hand(root):
    dataset = LabelMeDetection(str(root))
    assert [Path(path).name for path in dataset.paths] == ["b.png", "图 é.png"]
    assert dataset.classes == ["dog", "猫"] and dataset.found
    sample = dataset.load(1)
    # a rectangle dragged from its lower right corner; a circle about (20, 15) of radius 5
    assert sample.boxes.tolist() == [[4, 5, 10, 20], [15, 10, 25, 20]] and sample.labels.tolist() == [1, 0]
    assert len(dataset.load(0).boxes) == 0


def test_polygons_and_shapes_without_a_box(root):
    write(root, "b", shape("dog", [[1, 9], [7, 2], [5, 12]], "polygon"), shape("dog", [[3, 4]], "point"),
          shape("dog", [[1, 1], [9, 9]], "line"), shape("dog", [[3, 4], [3, 9]]))
    dataset = LabelMeDetection(str(root))
    assert dataset.items[0]["boxes"].tolist() == [[1, 2, 7, 12]] and dataset.dropped == 3
    assert [kind for _, kind, _ in dataset.faulty] == ["shape without a box"] * 2 + ["box without area"]


def test_a_list_chooses_and_names_what_is_missing(root):
    (root / "val.txt").write_text("图 é.png\n", encoding="utf-8")
    assert len(LabelMeDetection(str(root), "val.txt")) == 1
    (root / "val.txt").write_text("图 é.json\nc.png\n", encoding="utf-8")
    with pytest.raises(DataError, match="val.txt, line 2: .*c.json is missing"):
        LabelMeDetection(str(root), "val.txt")


def test_names_of_a_list(root):
    (root / "labels.txt").write_text("dog\n", encoding="utf-8")
    with pytest.raises(DataError, match="图 é.json: the class '猫' is not in .*labels.txt"):
        LabelMeDetection(str(root))
    (root / "labels.txt").write_text("猫\ndog\n", encoding="utf-8")
    assert LabelMeDetection(str(root)).items[1]["labels"].tolist() == [0, 1]


def test_a_picture_in_another_folder_or_moved_along(root):
    write_image(root / "照片" / "c.png", np.zeros((30, 40, 3), np.uint8))
    write(root, "b", shape("dog", [[0, 0], [5, 5]]), imagePath="照片\\c.png")
    assert LabelMeDetection(str(root)).paths[0] == str(root / "照片" / "c.png")
    write(root, "b", imagePath="..\\from\\another\\disk\\b.png")
    assert LabelMeDetection(str(root)).paths[0] == str(root / "b.png")


def test_the_size_of_the_picture_where_none_is_stated(root):
    write(root, "b", shape("dog", [[30, 5], [90, 9]]), imageWidth=None, imageHeight=None)
    assert LabelMeDetection(str(root)).items[0]["boxes"].tolist() == [[30, 5, 40, 9]]


@pytest.mark.parametrize("changes, message", [
    ({"shapes": None}, "b.json: is no LabelMe file, for it has no list 'shapes'"),
    ({"imagePath": None}, "b.json: has no 'imagePath', the name of its picture"),
    ({"shapes": [shape("a", [[1, 2, 3]])]}, r"b.json: shapes\[0\] cannot be used \(too many values"),
    ({"shapes": [shape("a", [])]}, r"b.json: shapes\[0\] cannot be used"),
    ({"shapes": [shape("a", [[1, 2]], "circle")]}, r"b.json: shapes\[0\] cannot be used"),
    ({"shapes": [{"points": [[1, 2], [3, 4]]}]}, r"b.json: shapes\[0\] has no 'label'"),
    ({"shapes": ["x"]}, r"b.json: shapes\[0\] cannot be used"),
])
def test_wrong_files(root, changes, message):
    write(root, "b", **changes)
    with pytest.raises(DataError, match=message) as error:
        LabelMeDetection(str(root))
    assert "\n" not in str(error.value)


def test_no_files_no_pictures_and_a_cut_file(root, tmp_path):
    text = (root / "b.json").read_text(encoding="utf-8")
    (root / "b.json").write_text(text[:50], encoding="utf-8")
    with pytest.raises(DataError, match="b.json, line 1, column .*: is cut off"):
        LabelMeDetection(str(root))
    (root / "b.json").unlink()
    (root / "图 é.png").unlink()
    with pytest.raises(DataError, match="0 of its 1 pictures found.*each JSON names its picture in `imagePath`"):
        LabelMeDetection(str(root))
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "labels.txt").write_text("a\n", encoding="utf-8")
    with pytest.raises(DataError, match="empty: no LabelMe files here"):
        LabelMeDetection(str(tmp_path / "empty"))
