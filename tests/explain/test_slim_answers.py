"""Which pictures the page of a slim run shows, and by which files they are answered."""

import numpy as np
import pytest

from ppmobile.explain import slim_answers
from ppmobile.predict.detections import Detections
from ppmobile.predict.results import Classification

CLASSES = ("a", "b")


def classified(*probabilities):
    """A Classification."""
    return Classification(np.float32(probabilities), CLASSES)


def found(*rows):
    """Detections of rows (class, score, x1, y1, x2, y2)."""
    rows = np.float32(rows).reshape(-1, 6)
    return Detections(rows[:, 2:], rows[:, 1], rows[:, 0].astype(int), CLASSES)


def test_int8_is_shown_even_if_it_is_slower():
    row = {"runtimes": {"paddle-fp32": {"median_ms": 1.0}, "paddle-int8": {"median_ms": 3.0},
                        "onnx-int8": {"median_ms": 2.0}, "lite-fp32": {}}}
    assert slim_answers.shown_runtime(row) == "onnx-int8"
    assert slim_answers.shown_runtime({"runtimes": {"lite-fp32": {}}}) is None
    assert slim_answers.shown_runtime({"runtimes": {"a-fp32": {"median_ms": 2.0}, "b-fp32": {"median_ms": 1.0}}}) == (
        "b-fp32")


def test_how_two_answers_differ():
    one, other = classified(0.6, 0.4), classified(0.45, 0.55)
    assert slim_answers.differ(one, other) and not slim_answers.differ(one, classified(0.9, 0.1))
    assert slim_answers.distance(one, other) == pytest.approx(0.15)
    box, near = found((0, 0.8, 0, 0, 10, 10)), found((0, 0.8, 0, 0, 10, 5))
    assert not slim_answers.differ(box, near) and slim_answers.differ(box, found())
    # each box has half of the other in common; nothing has all of nothing in common
    assert slim_answers.distance(box, near) == pytest.approx(0.5) and slim_answers.distance(box, found()) == 1
    assert slim_answers.distance(found(), found()) == 0


def test_pictures_that_differ_come_first(tiny, monkeypatch, tmp_path):
    from ppmobile.config import from_tree

    sheets, tiny["slim"] = [], {"steps": []}
    monkeypatch.setattr(slim_answers, "write_sheet", lambda tiles, path: sheets.append([text for _, text in tiles]))
    monkeypatch.setattr(Classification, "drawn", lambda one: None)
    paths = [f"{number}.png" for number in range(24)]  # as many as data.train has
    monkeypatch.setattr(slim_answers, "answered", lambda row, chosen, threads: [
        Classification(np.float32([1 - p, p]), CLASSES, source=path, error="" if path != "0.png" else "unreadable")
        for path, p in zip(paths, row["p"])])
    start = {"stage": "00_start", "split": "train", "p": [0.4] * 24}
    last = {"stage": "01_ptq", "p": [0.9] + [0.4] * 8 + [0.6, 0.8] + [0.4] * 13}
    told = slim_answers.write_answers((start, last), from_tree(tiny, {}, "tiny"), tmp_path / "a.png")
    assert told.startswith("Of 23 pictures of train, the two name other classes, or other numbers of them, on 2: ")
    assert sheets[0][:4] == ["00_start: 10.png", "01_ptq: 10.png", "00_start: 9.png", "01_ptq: 9.png"]
    assert sheets[0][4::2] == ["00_start: 1.png", "00_start: 7.png", "00_start: 16.png", "00_start: 23.png"]
