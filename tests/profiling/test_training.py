"""`ppmobile bench train` measures something for any task, says what it means, and tells a wrong config in one line."""

import csv
import itertools
from types import SimpleNamespace

import pytest
import yaml

from ppmobile import config as configs
from ppmobile.cli import main
from ppmobile.errors import ConfigError
from ppmobile.profiling.training import at_size, batches, judgement, row, table

MADE = ["JPEG 640x480 to a training batch", "JPEG 640x480, decoding alone (cv2)"]
TRAINING = ["training, 1 process", "training, 2 processes"]


def written(tree, folder):
    """A config's tree as a file."""
    file = folder / "config.yml"
    file.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return str(file)


@pytest.fixture
def boxes(tmp_path):
    """A config that trains a small YOLOv3, whose data is not there."""
    return {
        "task": "detect",
        "model": {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [8, 16, 32]},
                  "neck": {"name": "YOLOFPN", "channels": 32}, "head": {"name": "YOLOv3Head"}},
        "data": {"train": {"name": "CocoDetection", "root": str(tmp_path / "not there"), "file": "a.json"}},
        "transforms": {"train": [{"name": "RandomIoUCrop"}, {"name": "Flip"}, {"name": "RandomResize", "sizes": [608]},
                                 {"name": "Normalize"}, {"name": "ToCHW"}],
                       "batch": [{"name": "Mixup"}, {"name": "MultiScale", "sizes": [320, 608]}]},
        "train": {"batch_size": 4, "lr": 0.01, "lr_per_images": 4, "visualdl": False},
        "output": str(tmp_path / "run"),
    }


def measured(arguments, out, capsys):
    """{what: row} of the CSV that the command writes, and what it prints."""
    status = main(["bench", "train", *arguments, "--steps", "2", "--rounds", "1", "--out", str(out)])
    said = capsys.readouterr()
    assert status == 0, said.err
    with open(out, encoding="utf-8") as file:
        return {one["what"]: one for one in csv.DictReader(file)}, said.out


def test_classes_are_trained_on_the_configs_own_pictures(tiny, tmp_path, capsys):
    rows, _ = measured(["-c", written(tiny, tmp_path)], tmp_path / "bench.csv", capsys)
    assert list(rows) == ["data of this config to a training batch", *MADE, *TRAINING]
    assert all(float(one["img_per_s"]) > 0 for one in rows.values())
    assert rows[TRAINING[0]]["ratio"] == "1.0"
    assert 0 <= float(rows[TRAINING[1]]["data_wait"]) < 1
    assert not (tmp_path / "run").exists()


def test_a_detector_without_data_is_trained_on_pictures_made_for_it(boxes, tmp_path, capsys):
    arguments = ["-c", written(boxes, tmp_path), "--size", "64", "--processes", "1"]
    rows, said = measured(arguments, tmp_path / "bench.csv", capsys)
    assert list(rows) == [*MADE, TRAINING[0]]
    assert float(rows[MADE[0]]["img_per_s"]) > 0 and float(rows[TRAINING[0]]["core"]) > 0
    assert "as many training pictures as one process trains" in said and "decode" in said


def test_a_wrong_config_is_one_line(tiny, tmp_path, capsys):
    arguments = ["-c", written(tiny, tmp_path), "-o", "train.batch_size=9", "--steps", "1", "--rounds", "1"]
    assert main(["bench", "train", *arguments]) == 2
    error = capsys.readouterr().err
    assert "9 cannot be split over 2 processes" in error and "ConfigError" not in error  # of another process, told once


def test_size_reaches_all_resizing_steps_and_leaves_multiscale_out(boxes):
    config = at_size(configs.load(boxes), 320)
    assert config.transforms.train[2] == {"name": "RandomResize", "sizes": [320]}
    assert [part["name"] for part in config.transforms.batch] == ["Mixup"]


def test_size_without_a_resizing_step_is_told(boxes):
    boxes["transforms"]["train"] = [{"name": "Normalize"}, {"name": "ToCHW"}]
    with pytest.raises(ConfigError, match="--size: transforms.train has none of Resize"):
        at_size(configs.load(boxes), 320)


def test_batches_go_on_over_epochs_or_stay_the_first():
    loader = SimpleNamespace(epoch=lambda epoch: iter([(epoch, 0), (epoch, 1)]))
    trainer = SimpleNamespace(loader=loader, batch=5)
    assert list(itertools.islice(batches(trainer), 3)) == [(0, 0), (0, 1), (1, 0)]
    assert list(itertools.islice(batches(trainer, kept=True), 3)) == [(0, 0)] * 3
    assert trainer.batch == 0


def training_row(rate, core, **more):
    """A row of one training process."""
    return {**row(TRAINING[0], [rate]), "core": core, "data_wait": 0.1, "ratio": 1.0, **more}


def test_the_table_is_text():
    text = table([training_row(12.5, 13.0)])
    assert "12.5" in text and "13.0" in text and "10.0%" in text


@pytest.mark.parametrize("loaded, rate, core, wanted", [
    (130, 2.6, 2.6, "50 times as many training pictures as one process trains: the net, not the data"),
    (30, 25, 25, "only 1.2 times as many training pictures as one process trains: on a machine with idle cores, raise"),
    (130, 0.65, 2.6, "the training process got 25% of a core"),
])
def test_the_judgement_follows_the_figures(loaded, rate, core, wanted):
    two = training_row(rate * 1.8, core, what=TRAINING[1], ratio=1.8)
    said = judgement([row(MADE[0], [loaded]), training_row(rate, core), two], {"decode": 0.5, "Flip": 0.3, "A": 0.2})
    assert wanted in said
    assert ("busy" in said) == (rate < core)
    assert "decode 50%, Flip 30%, A 20%" in said and "2 processes train 1.8 times as fast as one" in said
