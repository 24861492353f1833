"""Boxes of pictures that a camera turned: by hand, and against OpenCV's reading of real files."""

import numpy as np
import pytest
from PIL import Image

from ppmobile.data.base import Dataset
from ppmobile.data.check import scan
from ppmobile.data.upright import turned
from ppmobile.files import read_image


def test_by_hand():
    box = np.float32([[1, 2, 4, 7]])  # of a stored picture of 40x30
    assert turned(box, (40, 30), 6).tolist() == [[23, 1, 28, 4]]  # clockwise: x becomes y, y counts from the right
    assert turned(box, (40, 30), 8).tolist() == [[2, 36, 7, 39]]
    assert turned(np.zeros((0, 4), np.float32), (40, 30), 6).shape == (0, 4)


def stored(path, code, size=(40, 30), box=(2, 4, 12, 10)):
    """Write a black picture with a white box and an EXIF orientation."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[box[1]:box[3], box[0]:box[2]] = 255
    exif = Image.Exif()
    exif[0x0112] = code
    Image.fromarray(pixels).save(path, format="JPEG", quality=100, subsampling=0, exif=exif)
    return np.float32([box])


def dataset_of(path, boxes, stated):
    dataset = Dataset()
    dataset.classes, dataset.faulty = ["a"], []
    dataset.items = [{"path": str(path), "boxes": boxes, "labels": np.int64([0]), "difficult": np.array([False]),
                      "stated_size": stated}]
    return dataset


@pytest.mark.parametrize("code", [5, 6, 7, 8])
def test_the_box_lies_where_the_picture_is_white(tmp_path, code):
    path = tmp_path / "图.jpg"
    dataset = dataset_of(path, stored(path, code), (40, 30))
    report = scan(dataset)
    rows, columns = np.nonzero(read_image(path)[..., 0] > 128)
    box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert dataset.items[0]["boxes"].tolist() == [box] and dataset.items[0]["stated_size"] == (30, 40)
    assert report.fatal == [] and "boxes turned" in [finding.kind for finding in report.notes]
    scan(dataset)  # once is enough
    assert dataset.items[0]["boxes"].tolist() == [box]


@pytest.mark.parametrize("code, stated", [(6, (30, 40)), (6, None), (3, (40, 30)), (1, (40, 30))])
def test_what_needs_no_turning_or_cannot_be_told_stays(tmp_path, code, stated):
    path = tmp_path / "图.jpg"
    boxes = stored(path, code)
    dataset = dataset_of(path, boxes, stated)
    scan(dataset)
    assert dataset.items[0]["boxes"].tolist() == boxes.tolist() and dataset.faulty == []


def test_a_wrong_size_without_a_turn_is_left_to_the_report(tmp_path):
    path = tmp_path / "图.jpg"
    boxes = stored(path, 1)
    dataset = dataset_of(path, boxes, (30, 40))
    assert [finding.kind for finding in scan(dataset).findings] == ["other size"]
    assert dataset.items[0]["boxes"].tolist() == boxes.tolist()
