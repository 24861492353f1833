"""COCO, VOC, YOLO and the table describe the same boxes to the pixel, and the masks agree with them."""

import csv
import json
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
import pytest

from ppmobile.data.scene_formats import run_lengths
from ppmobile.data.scenes import write_scenes

SIDE = 96
PARTS = ("train", "val", "test")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_scenes(tmp_path_factory.mktemp("scenes") / "é s", 30, SIDE, 4)


def decode(rle):
    """Uncompressed COCO RLE as a bool mask, pixel by pixel, column after column."""
    values = [i % 2 for i, count in enumerate(rle["counts"]) for _ in range(count)]
    return np.array(values, bool).reshape(rle["size"][::-1]).T


def coco(root):
    """{name: [(class, x1, y1, x2, y2, attributes, mask)]} of all parts."""
    found = {}
    for part in PARTS:
        content = json.loads((root / "annotations" / f"instances_{part}.json").read_text(encoding="utf-8"))
        names = {image["id"]: image["file_name"][:-4] for image in content["images"]}
        digit = {category["id"]: category["name"] for category in content["categories"]}
        found.update({name: [] for name in names.values()})
        for a in content["annotations"]:
            x, y, w, h = a["bbox"]
            mask = decode(a["segmentation"])
            assert mask.sum() == a["area"]
            found[names[a["image_id"]]].append((digit[a["category_id"]], x, y, x + w, y + h, a["attributes"], mask))
    return found


def voc(root, name):
    tree = ElementTree.parse(root / "Annotations" / f"{name}.xml")
    assert (root / tree.findtext("folder") / tree.findtext("filename")).is_file()
    assert [tree.findtext(f"size/{tag}") for tag in ("width", "height", "depth")] == [str(SIDE), str(SIDE), "3"]
    boxes = []
    for entry in tree.iter("object"):
        x1, y1, x2, y2 = (int(entry.findtext(f"bndbox/{tag}")) for tag in ("xmin", "ymin", "xmax", "ymax"))
        boxes.append((entry.findtext("name"), x1 - 1, y1 - 1, x2, y2))  # VOC counts from 1, its bounds are inside
    return boxes


def yolo(root, name):
    classes = (root / "classes.txt").read_text(encoding="utf-8").split()
    boxes = []
    for line in (root / "labels" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        label, *numbers = line.split()
        cx, cy, w, h = (float(number) * SIDE for number in numbers)
        corners = np.array([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2])
        assert np.abs(corners - corners.round()).max() < 1e-4
        boxes.append((classes[int(label)], *corners.round().astype(int).tolist()))
    return boxes


def test_the_forms_agree_to_the_pixel(root):
    table = {}
    for part in PARTS:
        with open(root / f"attributes_{part}.csv", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                table.setdefault(row["path"], []).append(row)
    found = coco(root)
    assert len(found) == 30 and any(not digits for digits in found.values())
    for name, digits in found.items():
        boxes = [digit[:5] for digit in digits]
        assert voc(root, name) == boxes
        assert yolo(root, name) == boxes
        rows = table.get(f"images/{name}.png", [])
        assert [(row["digit"], *(int(row[k]) for k in ("x1", "y1", "x2", "y2"))) for row in rows] == boxes
        wanted = [{**digit[5], "tilted": str(int(digit[5]["tilted"]))} for digit in digits]
        assert [{k: row[k] for k in ("color", "size", "tilted")} for row in rows] == wanted


def test_masks_agree_with_boxes_and_classes(root):
    for name, digits in coco(root).items():
        semantic = cv2.imdecode(np.fromfile(root / "SegmentationClass" / f"{name}.png", np.uint8), cv2.IMREAD_UNCHANGED)
        assert semantic.shape == (SIDE, SIDE) and semantic.dtype == np.uint8
        expected = np.zeros((SIDE, SIDE), np.uint8)
        for label, x1, y1, x2, y2, _, mask in digits:
            rows, columns = np.nonzero(mask)
            assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (x1, y1, x2, y2)
            expected[mask] = int(label) + 1
        assert np.array_equal(semantic, expected)


def test_the_lists_of_each_form_name_the_same_pictures(root):
    for part in PARTS:
        content = json.loads((root / "annotations" / f"instances_{part}.json").read_text(encoding="utf-8"))
        names = [image["file_name"][:-4] for image in content["images"]]
        assert (root / "ImageSets" / "Main" / f"{part}.txt").read_text(encoding="utf-8").split() == names
        paths = (root / f"{part}.txt").read_text(encoding="utf-8").split()
        assert paths == [f"images/{name}.png" for name in names]
        assert all((root / path).is_file() for path in paths)


def test_the_official_reader_decodes_the_masks(root):
    coco_tools = pytest.importorskip("pycocotools.coco")
    api = coco_tools.COCO(str(root / "annotations" / "instances_train.json"))
    for annotation in api.loadAnns(api.getAnnIds()):
        assert np.array_equal(api.annToMask(annotation).astype(bool), decode(annotation["segmentation"]))


def test_run_lengths_by_hand():
    # Down the columns: 0 1 | 1 1 | 0 0. COCO starts with the number of zeros, which may be 0.
    assert run_lengths(np.array([[0, 1, 0], [1, 1, 0]], bool)) == {"size": [2, 3], "counts": [1, 3, 2]}
    assert run_lengths(np.ones((2, 2), bool))["counts"] == [0, 4]
    assert run_lengths(np.zeros((2, 2), bool))["counts"] == [4]
