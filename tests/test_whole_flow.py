"""From pictures to every runtime in one go, through the command line, as the README tells it."""

import json

import pytest

import ppmobile
from ppmobile.artefact import read
from ppmobile.cli import main
from ppmobile.doctor import installed
from ppmobile.predict.runtimes import NAMES, status

PACKAGES = ("paddlelite", "paddle2onnx", "onnxruntime", "openvino", "nncf", "paddleslim")


@pytest.fixture(scope="module")
def flow(pictures, trained, tmp_path_factory):
    """(artefact's folder, config file) after train, export for everything, PTQ and verify."""
    absent = [name for name in PACKAGES if not installed(name)]
    if absent:
        pytest.skip(f"not installed: {', '.join(absent)}")
    folder = tmp_path_factory.mktemp("整 flow")
    config, out = folder / "c.yml", folder / "artefact"
    config.write_text((trained / "config.yml").read_text(encoding="utf-8"), encoding="utf-8")
    targets = ["pir", "lite", "onnx", "openvino"]
    assert main(["export", "-w", str(trained), "--out", str(out), "--for", *targets, "--no-verify"]) == 0
    assert main(["slim", "ptq", str(out), "-c", str(config), "--count", "8", "--max-drop", "0.5", "--no-bench"]) == 0
    assert main(["verify", str(out), "-w", str(trained), "--count", "4"]) == 0
    return out, config


def test_every_runtime_can_be_used_and_passed(flow):
    artefact = read(flow[0])
    usable = [name for name in NAMES if not status(name, artefact)]
    verified = json.loads((flow[0] / "verify.json").read_text(encoding="utf-8"))["runtimes"]
    assert {"paddle-fp32", "paddle-int8", "onnx-fp32", "onnx-int8", "openvino-fp32", "openvino-int8",
            "lite-fp32"} <= set(usable)
    assert all(verified[name]["passed"] for name in usable)


def test_all_runtimes_give_the_same_class_for_a_clear_picture(flow, pictures):
    image = pictures / "c0" / "图 1.png"
    artefact, names = read(flow[0]), set()
    for name in NAMES:
        if not status(name, artefact):
            with ppmobile.load(flow[0], runtime=name) as model:
                names.add(model.predict(image).name)
    assert len(names) == 1


def test_the_int8_phone_file_is_a_fraction_of_the_fp32_one(flow):
    sizes = [(flow[0] / name).stat().st_size for name in ("int8/model_arm.nb", "model_arm.nb")]
    assert sizes[0] < sizes[1]  # a tiny net is mostly graph; a quarter: docs/results/ptq.md


def test_bench_and_profile_take_the_artefact(flow, tmp_path, capsys):
    runtimes = ["paddle-fp32", "onnx-fp32"]
    assert main(["bench", str(flow[0]), "--runtimes", *runtimes, "--runs", "3", "--no-memory", "--out",
                 str(tmp_path / "bench")]) == 0
    assert "paddle-fp32" in capsys.readouterr().out and (tmp_path / "bench" / "bench.csv").is_file()
    assert main(["profile", str(flow[0]), "--runs", "3", "--out", str(tmp_path / "profile")]) == 0
    assert "backbone.stem.conv" in (tmp_path / "profile" / "layers.csv").read_text(encoding="utf-8")
