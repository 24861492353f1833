"""`ppmobile bench train` measures something, and tells a wrong config in one line."""

import csv

import pytest
import yaml

from ppmobile.cli import main
from ppmobile.profiling.training import jpeg_640, per_second, table


@pytest.fixture
def config(tiny, tmp_path):
    """The tiny config as a file."""
    file = tmp_path / "config.yml"
    file.write_text(yaml.safe_dump(tiny), encoding="utf-8")
    return str(file)


def test_the_table_has_all_rates_and_no_run_is_left_behind(config, tmp_path, capsys):
    out = tmp_path / "bench.csv"
    status = main(["bench", "train", "-c", config, "--steps", "3", "--rounds", "1", "--out", str(out)])
    assert status == 0, capsys.readouterr().err
    with open(out, encoding="utf-8") as file:
        rows = {row["what"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["data of this config to a training tensor", "JPEG 640x480 to a 224 px training tensor",
                          "JPEG 640x480, decoding alone (cv2)", "training, 1 process", "training, 2 processes"]
    assert all(float(row["img_per_s"]) > 0 for row in rows.values())
    assert rows["training, 1 process"]["ratio"] == "1.0"
    assert 0 <= float(rows["training, 2 processes"]["data_wait"]) < 1
    assert not (tmp_path / "run").exists()


def test_a_wrong_config_is_one_line(config, capsys):
    assert main(["bench", "train", "-c", config, "-o", "train.batch_size=9", "--steps", "1", "--rounds", "1"]) == 2
    assert "9 cannot be split over 2 processes" in capsys.readouterr().err


def test_pictures_and_clock():
    sizes = [len(data) for data in jpeg_640(2)]
    assert all(60_000 < size < 250_000 for size in sizes)
    calls = []
    assert per_second(calls.append, 10) > 0 and calls == [*range(5), *range(10)]


def test_the_table_is_text():
    row = {"what": "training, 1 process", "img_per_s": 12.5, "low": 12.0, "high": 13.0, "data_wait": 0.1, "ratio": 1.0}
    assert "12.5" in table([row]) and "10.0%" in table([row])
