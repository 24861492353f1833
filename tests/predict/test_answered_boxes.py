"""The answer of a detector for one picture: its parts, its way back to the picture, its text, JSON and drawing."""

import json

import numpy as np
import pytest

from ppmobile.errors import DataError
from ppmobile.files import read_image, write_image
from ppmobile.predict import Detection, Detections, Timing

ROWS = np.array([[0, 0.25, 0, 0, 8, 8], [1, 0.75, 16, 8, 24, 16], [1, 0.5, 0, 0, 40, 32]], np.float32)


def answer(threshold=0.25, source=None):
    """Of a picture of 64 x 128 pixels that was shrunk to half, and lies in the middle of an input of 64 x 64."""
    return Detections.of(ROWS, np.float32([0, 0, 64, 32]), (64, 128), threshold, classes=("人", "dog"), source=source)


def test_the_parts_with_the_surest_first():
    found = answer()
    assert found.names == ["dog", "dog", "人"] and found.labels.tolist() == [1, 1, 0]
    assert found.scores.tolist() == [0.75, 0.5, 0.25] and len(found) == 3 and found.lines[0] == "dog 75.0%"
    assert found.boxes.tolist() == [[32, 16, 48, 32], [0, 0, 80, 64], [0, 0, 16, 16]]
    assert list(found)[0] == found[0] == Detection("dog", 0.75, (32.0, 16.0, 48.0, 32.0), 1)
    assert repr(answer(source="猫.png", threshold=0.6)) == "<猫.png: dog 75.0%>"


def test_a_part_of_the_boxes():
    assert [one.score for one in answer()[:2]] == [0.75, 0.5] and answer()[1:].names == ["dog", "人"]
    assert answer(source="猫.png")[:1].path == "猫.png"


def test_the_threshold_counts_what_equals_it():
    assert len(answer(0.5)) == len(answer().above(0.5)) == 2 and len(answer(0.51)) == 1
    assert len(answer().above(1)) == 0 and repr(answer(1)) == "<nothing found>"
    assert answer().above(0.6).boxes.tolist() == [[32, 16, 48, 32]]


def test_boxes_end_at_the_picture_and_what_lies_outside_goes():
    rows = np.float32([[0, 1, -8, 4, 8, 12], [0, 0.9, 60, 0, 70, 8]])
    found = Detections.of(rows, np.float32([0, 0, 50, 50]), (50, 50), 0, classes=("a",))
    assert found.boxes.tolist() == [[0, 4, 8, 12]]


def test_json():
    told = answer(source="猫.png", threshold=0.6).to_dict()
    box = {"class": "dog", "label": 1, "score": 0.75, "box": [32.0, 16.0, 48.0, 32.0]}
    assert told == {"path": "猫.png", "boxes": [box]} and json.loads(json.dumps(told)) == told
    assert answer().to_dict()["path"] is None
    assert Detections(error="is empty", source="x.png").to_dict() == {"path": "x.png", "error": "is empty"}


def test_without_an_answer():
    result = Detections(source="x.png", error="the file is empty", timing=Timing(1, 2, 3, 4))
    assert len(result) == 0 and list(result) == result.names == result.lines == [] and result.timing.total == 10
    assert repr(result) == "<x.png: error: the file is empty>"
    with pytest.raises(DataError, match="x.png: there is no answer to draw: the file is empty"):
        result.draw("out.png")


def test_the_drawing_shows_the_boxes_above_a_threshold(tmp_path):
    image = np.full((64, 128, 3), 90, np.uint8)
    answer(source=image).draw(tmp_path / "图.png")
    answer(source=image).draw(tmp_path / "less.png", threshold=0.6)
    drawn, less = read_image(tmp_path / "图.png"), read_image(tmp_path / "less.png")
    assert drawn.shape == less.shape == (7 * 64, 7 * 128, 3)  # enlarged to at least 400 pixels
    assert (drawn[-1, :7 * 70] != 90).any(), "the large box reaches the lower border"
    assert (less[-1] == 90).all(), "and is not drawn above its score"
    write_image(tmp_path / "猫.png", image)
    assert np.array_equal(answer(source=tmp_path / "猫.png").drawn(), drawn)
