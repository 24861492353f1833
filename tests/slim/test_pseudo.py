"""Pseudo-labels are what the model answers, and our readers read them as they were written."""

import contextlib
import csv
import json
import shutil

import numpy as np
import pytest

from ppmobile.commands.slim_label import main
from ppmobile.data import READERS
from ppmobile.engine.infer import Trained
from ppmobile.errors import ConfigError, DataError
from ppmobile.slim import pseudo


@pytest.fixture
def folder(pictures, tmp_path):
    """Unlabelled pictures, one of them none at all."""
    root = tmp_path / "无标签 é"
    shutil.copytree(pictures / "c0", root / "a")
    shutil.copytree(pictures / "c1", root / "b")
    (root / "broken.png").write_bytes(b"no picture")
    return root


def test_a_classifier_writes_a_list_that_image_list_reads(trained, folder, tmp_path):
    scores = [one.score for one in Trained(trained).stream(sorted((folder / "a").iterdir()))]
    threshold = float(np.median(scores))
    done = pseudo.label(trained, folder, tmp_path / "out", threshold)
    dataset = READERS.build(done.reader)
    assert done.pictures == 25 and 0 < done.kept == len(dataset) < 24
    assert [path for path, _ in done.unreadable] == [str(folder / "broken.png")]
    assert list(dataset.classes) == list(Trained(trained).classes)
    for item, result in zip(dataset.items, Trained(trained).stream(dataset.paths)):
        assert item["label"] == result.index and result.score >= threshold
    with open(tmp_path / "out" / "scores.csv", encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 24  # also those that were not sure enough
    assert sum(done.counts.values()) == done.kept


def test_an_artefact_labels_as_its_run_does(trained, exported, folder, tmp_path):
    models = {"a": trained, "b": exported}
    one, other = (pseudo.label(model, folder, tmp_path / name, 0.0) for name, model in models.items())
    assert one.counts == other.counts and one.kept == 24


def test_a_detector_writes_boxes_that_coco_detection_reads(folder, tmp_path, monkeypatch):
    from ppmobile.predict.detections import Detections

    def stream(paths, threshold):
        """A detector that finds one box of class 1 on the pictures of `a`, and nothing elsewhere."""
        for path in paths:
            found = path.parent.name == "a"
            rows = {"boxes": np.float32([[2, 3, 10, 12.5]]), "scores": np.float32([0.75]),
                    "labels": np.int64([1])} if found else {}
            yield Detections(**rows, classes=("x", "人 y"), source=str(path))

    monkeypatch.setattr(pseudo, "opened", lambda model: contextlib.nullcontext((["x", "人 y"], True, stream)))
    (folder / "broken.png").unlink()
    done = pseudo.label("model", folder, tmp_path / "out")
    dataset = READERS.build(done.reader)
    assert dataset.classes == ["x", "人 y"] and len(dataset) == 12 and done.counts == {"人 y": 12}
    np.testing.assert_allclose(dataset.items[0]["boxes"], [[2, 3, 10, 12.5]])
    assert dataset.items[0]["labels"].tolist() == [1]
    content = json.loads((tmp_path / "out" / "pseudo.json").read_text(encoding="utf-8"))
    assert content["annotations"][0]["score"] == 0.75
    assert (content["images"][0]["width"], content["images"][0]["height"]) == (24, 20)


def test_the_command_says_how_to_read_them(trained, folder, tmp_path, capsys):
    assert main([str(trained), str(folder), "--out", str(tmp_path / "out"), "--threshold", "0"]) == 0
    out = capsys.readouterr().out
    assert "broken.png: not labelled:" in out and "24 of 25 pictures are labelled" in out
    assert "read them by {name: ImageList, root: " in out


def test_what_cannot_be(trained, folder, tmp_path):
    with pytest.raises(DataError, match="on none of the 25 pictures is the model sure to 1; lower"):
        pseudo.label(trained, folder, tmp_path / "out", 1.0)
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError, match="from 0 to 1, got 2"):
        pseudo.label(trained, folder, tmp_path / "out", 2.0)
    with pytest.raises(DataError, match="no such folder"):
        pseudo.label(trained, tmp_path / "nowhere", tmp_path / "out")
