"""YOLO text files: lists and folders, class names from several places, polygons, and lines that are wrong."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ppmobile.data import CocoDetection, YoloDetection
from ppmobile.data.yolo import label_file
from ppmobile.errors import DataError
from ppmobile.files import write_image

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


@pytest.fixture
def root(tmp_path):
    """Two pictures of 40x20, the second without a text file."""
    for name in ("图 a", "b"):
        write_image(tmp_path / "images" / "train" / f"{name}.png", np.zeros((20, 40, 3), np.uint8))
    text = tmp_path / "labels" / "train" / "图 a.txt"
    text.parent.mkdir(parents=True)
    text.write_text("1 0.5 0.5 0.25 0.5\n\n0 0.25 0.5 0.5 1\n", encoding="utf-8")
    (tmp_path / "classes.txt").write_text("猫\ndog\n", encoding="utf-8")
    (tmp_path / "train.txt").write_text("images/train/图 a.png\nimages\\train\\b.png\n", encoding="utf-8")
    return tmp_path


def lines(root, text):
    (root / "labels" / "train" / "图 a.txt").write_text(text, encoding="utf-8")


def test_by_hand_from_a_list_and_from_the_folder(root):
    dataset = YoloDetection(str(root), "train.txt")
    assert dataset.classes == ["猫", "dog"]
    assert dataset.items[0]["boxes"].tolist() == [[15, 5, 25, 15], [0, 0, 20, 20]]
    assert dataset.items[0]["labels"].tolist() == [1, 0] and len(dataset.items[1]["boxes"]) == 0
    folder = YoloDetection(str(root), "images/train")
    assert [Path(path).name for path in folder.paths] == ["b.png", "图 a.png"]
    assert folder.load(1).boxes.tolist() == dataset.load(0).boxes.tolist()


def test_paths_from_the_folder_of_the_list_and_text_beside_the_picture(root):
    write_image(root / "photos" / "c.png", np.zeros((10, 10, 3), np.uint8))
    (root / "photos" / "c.txt").write_text("0 0.5 0.5 1 1\n", encoding="utf-8")
    (root / "photos" / "list.txt").write_text("./c.png\n", encoding="utf-8")
    assert YoloDetection(str(root), "photos/list.txt").items[0]["boxes"].tolist() == [[0, 0, 10, 10]]


@pytest.mark.parametrize("picture, text", [
    ("a/images/b/c.d.jpg", "a/labels/b/c.d.txt"), ("images/a/images/c.jpg", "images/a/labels/c.txt"),
    ("a/Images/c.jpg", "a/labels/c.txt"), ("a/c.jpg", "a/c.txt"), ("a/images.jpg", "a/images.txt"),
])
def test_where_the_text_of_a_picture_lies(picture, text):
    assert label_file(Path(picture)) == Path(text)


def test_a_polygon_gives_the_box_around_it(root):
    lines(root, "1 0.1 0.5 0.5 0.25 0.25 0.75\n")
    assert YoloDetection(str(root), "train.txt").items[0]["boxes"].tolist() == [[4, 5, 20, 15]]


def test_a_turned_picture_is_measured_as_training_reads_it(root):
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn: 40x20 in the file, 20x40 upright
    Image.new("RGB", (40, 20)).save(root / "images" / "train" / "t.jpg", exif=exif)
    (root / "labels" / "train" / "t.txt").write_text("0 0.5 0.5 1 1\n", encoding="utf-8")
    sample = YoloDetection(str(root), "images/train").load(1)
    assert sample.image.shape == (40, 20, 3) and sample.boxes.tolist() == [[0, 0, 20, 40]]


@pytest.mark.parametrize("text, names", [
    ("names: [no, '010']\n", ["no", "010"]), ("names: {1: b, 0: 1e3}", ["1e3", "b"]),
    ("path: x\n\nnames:\n  1: dog\n  0: 猫\n", ["猫", "dog"]),
])
@pytest.mark.parametrize("option", [None, "data.yaml"])
def test_names_of_a_yaml(root, text, names, option):
    if option is None:
        (root / "classes.txt").unlink()
    (root / "data.yaml").write_text(text, encoding="utf-8")
    assert YoloDetection(str(root), "train.txt", option).classes == names


@pytest.mark.parametrize("text, message", [
    ("names: 3\n", "data.yaml: needs `names`"), ("names: [[a]]\n", "needs `names`"), ("{[a]: b}", "no valid YAML"),
    ("names: {1: a, 2: b}\n", "data.yaml: needs `names`"), ("", "needs `na"),
    ("nc: 2\n\nnames: [a, b\n", "data.yaml, line 3: is no valid YAML"), ("names: [a, a]\n", "'a' stands there twice"),
])
def test_names_that_cannot_be_read(root, text, message):
    (root / "data.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        YoloDetection(str(root), "train.txt", "data.yaml")


def test_no_names_at_all(root):
    (root / "classes.txt").unlink()
    with pytest.raises(DataError, match="the class names are missing; write them to classes.txt, one a line"):
        YoloDetection(str(root), "train.txt")


@pytest.mark.parametrize("text, message", [
    ("0 0.5 0.5 1\n", "line 1: expected `class cx cy width height`, got 4 words"),
    ("0 0.5 0.5 1 1\n0 0.5 0.5 1 1 0.9\n", "line 2: expected `class cx cy width height`, got 6 words"),
    ("cat 0.5 0.5 1 1\n", "line 1: 'cat 0.5 0.5 1 1': expected a class number"),
    ("0 0,5 0.5 1 1\n", "line 1: '0 0,5 0.5 1 1': expected a class number and parts"),
    ("2 0.5 0.5 1 1\n", r"line 1: class 2 is not in 0..1"), ("-1 0.5 0.5 1 1\n", r"line 1: class -1 is not in 0..1"),
])
def test_wrong_lines(root, text, message):
    lines(root, text)
    with pytest.raises(DataError, match=message):
        YoloDetection(str(root), "train.txt")


def test_faulty_boxes_are_counted(root):
    lines(root, "0 0.5 0.5 0 0.5\n0 0.5 0.5 -0.1 0.5\n0 nan 0.5 0.1 0.5\n0 1.5 0.5 0.5 0.5\n0 1 0.5 0.5 0.5\n")
    dataset = YoloDetection(str(root), "train.txt")
    assert [kind for _, kind, _ in dataset.faulty] == [
        "box without area", "box with swapped corners", "box not finite", "box outside", "box beyond the edge"]
    assert dataset.dropped == 4 and dataset.items[0]["boxes"].tolist() == [[30, 5, 40, 15]]


def test_no_text_file_at_all_is_an_error(root):
    (root / "labels" / "train" / "图 a.txt").unlink()
    with pytest.raises(DataError, match="none of its 2 pictures has a text file of boxes; first missing: .*图 a.txt"):
        YoloDetection(str(root), "train.txt")


def test_a_broken_picture_is_left_to_the_scan(root):
    (root / "images" / "train" / "图 a.png").write_bytes(b"broken")
    assert [len(item["boxes"]) for item in YoloDetection(str(root), "train.txt").items] == [0, 0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.integers(-1, 3).map(str), st.floats().map(str), st.text(max_size=3)), max_size=9))
def test_any_line_is_read_or_refused_in_one_line(root, words):
    text = " ".join(words)
    lines(root, text)
    try:
        dataset = YoloDetection(str(root), "train.txt")
    except DataError as error:
        assert "图 a.txt, line" in str(error) and "\n" not in str(error)
    else:
        assert dataset.dropped + len(dataset.items[0]["boxes"]) == sum(bool(one.strip()) for one in text.split("\n"))


def test_the_real_one_agrees_with_its_coco_file(tmp_path):
    if not SHARED.is_dir():
        pytest.skip("no shared data beside the repository")
    root = SHARED / "data" / "coco128"
    coco = CocoDetection(str(root), "annotations/instances_train2017.json", "images/train2017")
    (tmp_path / "names.txt").write_text("\n".join(coco.classes), encoding="utf-8")
    yolo = YoloDetection(str(root), "images/train2017", str(tmp_path / "names.txt"))
    own = {item["path"]: item for item in yolo.items}
    for item in coco.items:  # the text files have no crowds, and other orders
        kept, text = ~item["difficult"], own[item["path"]]
        rows = [np.column_stack([one["labels"], one["boxes"]])
                for one in ({key: item[key][kept] for key in ("labels", "boxes")}, text)]
        distance = np.abs(rows[0][:, None] - rows[1]).max(2)
        assert distance.shape[0] == distance.shape[1]
        assert (distance.min(0, initial=9) < 1e-3).all() and (distance.min(1, initial=9) < 1e-3).all()
