"""The data package: registered readers, what it may import, and reading a Sample."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ppmobile.data import READERS, ImageFolder
from ppmobile.errors import ConfigError, DataError
from ppmobile.files import write_image

REPOSITORY = Path(__file__).resolve().parents[2]


def test_importing_the_readers_loads_nothing_heavy():
    code = "import sys, ppmobile.data; print([m for m in ('paddle', 'sklearn', 'PIL', 'tqdm') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_readers_are_registered_by_name():
    known = set(READERS.names())
    assert {"Digits", "ImageFolder", "ImageList"} <= known
    assert {"CocoDetection", "VocDetection", "YoloDetection", "LabelMeDetection"} <= known


def test_a_config_builds_a_reader_and_a_wrong_value_names_its_place(tmp_path):
    (tmp_path / "a").mkdir()
    write_image(tmp_path / "a" / "x.png", np.zeros((9, 9, 3), np.uint8))
    assert len(READERS.build({"name": "ImageFolder", "root": str(tmp_path)}, "data.train")) == 1
    with pytest.raises(ConfigError, match="data.train: Digits: split must be one of train, val, test, got 'trian'"):
        READERS.build({"name": "Digits", "split": "trian"}, "data.train")


def test_load_gives_the_pixels_the_label_and_the_origin(tmp_path):
    picture = np.arange(9 * 11 * 3, dtype=np.uint8).reshape(9, 11, 3)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_image(tmp_path / name / "图片 é.png", picture)
    dataset = ImageFolder(str(tmp_path))
    sample = dataset.load(1)
    assert np.array_equal(sample.image, picture)
    assert (sample.label, sample.index, sample.path) == (1, 1, str(tmp_path / "b" / "图片 é.png"))
    assert dataset.place(sample.path) == ""


def test_load_names_a_picture_that_has_gone(tmp_path):
    (tmp_path / "a").mkdir()
    write_image(tmp_path / "a" / "gone.png", np.zeros((9, 9, 3), np.uint8))
    dataset = ImageFolder(str(tmp_path))
    (tmp_path / "a" / "gone.png").unlink()
    with pytest.raises(DataError, match="gone.png"):
        dataset.load(0)
