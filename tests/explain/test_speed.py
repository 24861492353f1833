"""Pictures of speed are made of what was measured, whatever is missing."""

import cv2
import numpy as np
import pytest

from ppmobile.explain import speed
from ppmobile.files import read_image
from ppmobile.profiling.layers import Layer, Profile


def row(folder, runtime, ms, top1=None, reason=""):
    """A row of latency.bench."""
    return {"artefact": folder, "folder": folder, "runtime": runtime, "median_ms": ms, "p10_ms": 0.9 * ms,
            "p90_ms": 1.2 * ms, "ratio": 4 / ms, "files_mb": 6.8, "top1": top1, "reason": reason}


def shows(path, colour):
    """Whether a picture has a fair number of pixels of the colour "#rrggbb"."""
    wanted = np.array([int(colour[i:i + 2], 16) for i in (1, 3, 5)])
    return (np.abs(read_image(path).astype(int) - wanted).max(axis=-1) < 8).sum() > 30


@pytest.mark.parametrize("top1", [None, 0.93])
def test_runtimes(tmp_path, top1):
    rows = [row("模型 a", "paddle-fp32", 4.0, top1), row("模型 a", "openvino-bf16", 1.5, top1),
            row("b $x$", "paddle-fp32", 3.0, top1),
            {**dict.fromkeys(row("b", "", 1)), "folder": "b", "runtime": "lite-fp32", "reason": "absent"}]
    assert speed.speed(rows, tmp_path / "bench.png")
    assert shows(tmp_path / "bench.png", speed.COLOURS["openvino"])
    assert not shows(tmp_path / "bench.png", speed.COLOURS["lite"])


def test_no_runtime_no_picture(tmp_path):
    assert not speed.speed([{**row("a", "paddle-fp32", 1.0), "reason": "absent"}], tmp_path / "bench.png")
    assert not (tmp_path / "bench.png").exists()


def test_layers(tmp_path):
    many = [Layer(f"block.{i}.conv", "1x1", "pointwise", 1000, 10, 1.0, None, "f32") for i in range(40)]
    slow = Layer("stem.conv", "convolution 3x3", "convolution", 100, 10, 5.0, None, "f32")
    found = Profile([slow, *many], "paddle-fp32", {"Paddle itself": 2.0}, 41)
    speed.layers(found, tmp_path / "layers.png")
    assert shows(tmp_path / "layers.png", speed.WORSE) and shows(tmp_path / "layers.png", speed.MACS)
    assert speed.headline(found) == "paddle-fp32: a run takes 47.00 ms\n45.00 ms in layers, 2.00 ms Paddle itself"
    plain = Profile(many[:3], "paddle-fp32", {}, 3)
    speed.layers(plain, tmp_path / "plain.png")
    assert not shows(tmp_path / "plain.png", speed.WORSE)
    assert cv2.haveImageReader(str(tmp_path / "plain.png"))
