"""Tables of benchmarks and profiles: every figure at its place, reasons instead of crashes."""

import csv

import pytest

from ppmobile.profiling import table
from ppmobile.profiling.layers import Layer, Profile

ROW = {"artefact": "a", "folder": "x/a", "runtime": "paddle-fp32", "median_ms": 3.219, "p10_ms": 3.0, "p90_ms": 4.5,
       "ratio": 1.0, "noise": 0.04, "files_mb": 6.82, "peak_mib": 347.0, "predictor_mib": 6.0, "top1": None,
       "reason": ""}
ABSENT = {**dict.fromkeys(ROW), "artefact": "a", "folder": "x/a", "runtime": "onnx-fp32", "reason": "not installed"}


@pytest.fixture
def found():
    """Two layers and one inside them."""
    return Profile([Layer("stem.conv", "1x1", "pointwise", 2_000_000, 1200, 3.0, 5.0, "f32"),
                    Layer("stem.bn", "batch_norm", "other", 0, 16, None, 1.0),
                    Layer("层.fc", "linear", "linear", 500_000, 300, 1.0, None, "f32")],
                   "paddle-fp32", {"Paddle itself": 1.0}, 2)


def test_text():
    heading, paddle, onnx = table.text([ROW, ABSENT]).splitlines()
    assert heading.split() == ["runtime", "median", "ms", "p10", "p90", "ratio", "noise", "files", "MB", "peak", "MiB",
                               "predictor", "adds", "MiB"]  # no column of accuracy, which was not measured
    assert paddle.split() == ["paddle-fp32", "3.22", "3.00", "4.50", "1.00x", "4%", "6.82", "347", "+6"]
    assert onnx == "onnx-fp32    not installed"
    assert "90.00%" in table.text([{**ROW, "top1": 0.9}])


def test_only_reasons():
    assert table.text([ABSENT]).splitlines()[1] == "onnx-fp32  not installed"


def test_markdown():
    text = table.markdown([ROW, ABSENT])
    assert "| paddle-fp32 | 3.22 | 3.00 | 4.50 | 1.00x | 4% | 6.82 | 347 | +6 |" in text
    assert text.endswith("Not measured:\n\n- onnx-fp32: not installed")
    assert "Not measured" not in table.markdown([ROW])


def test_csv_keeps_all_fields(tmp_path):
    table.write_csv([ROW, ABSENT], tmp_path / "bench é.csv")
    with open(tmp_path / "bench é.csv", encoding="utf-8") as file:
        paddle, onnx = csv.DictReader(file)
    assert list(paddle) == list(ROW) and paddle["median_ms"] == "3.219" and paddle["top1"] == ""
    assert onnx["reason"] == "not installed" and onnx["median_ms"] == ""


def test_layers(found, tmp_path):
    lines = [line.split() for line in table.layer_text(found, most=1).splitlines()]
    assert lines[1] == ["stem.conv", "1x1", "2.00", "1,200", "5.000", "3.000", "75.0%", "80.0%"]
    assert lines[2][:3] == ["1", "more", "layers"] and lines[3][:4] == ["1", "layers", "inside", "others"]
    assert lines[4] == ["all", "layers", "2.50", "1,516", "6.000", "4.000", "100.0%", "100.0%"]
    assert lines[5] == ["Paddle", "itself", "1.000"] and lines[6] == ["a", "run", "5.000"]
    table.write_layers_csv(found, tmp_path / "layers.csv")
    with open(tmp_path / "layers.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["path"] for row in rows] == ["stem.conv", "stem.bn", "层.fc", ""]
    assert rows[0]["time_share"] == "0.75" and rows[-1]["kind"] == "Paddle itself" and rows[-1]["ms"] == "1"


def test_columns_of_wide_letters_are_aligned(found):
    wide = next(line for line in table.layer_text(found).splitlines() if line.startswith("层"))
    plain = next(line for line in table.layer_text(found).splitlines() if line.startswith("stem.conv"))
    assert len(plain) == len(wide) + 1  # one letter that is two columns wide
