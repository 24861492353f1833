"""`ppmobile export` as a user calls it: the proof at the end, and one line on each mistake."""

import json

import pytest

from ppmobile.cli import main
from ppmobile.commands.export import only_bf16_failed


def told(capsys, *argv):
    """(exit status, stderr) of a command that refuses."""
    try:
        status = main(["export", *map(str, argv)])
    except SystemExit as left:
        status = left.code
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    return status, error


def test_an_export_ends_with_its_proof(trained, tmp_path, capsys):
    out = tmp_path / "模型 é"
    assert main(["export", "-w", str(trained), "--out", str(out)]) == 0
    lines = capsys.readouterr().out
    assert f"the artefact is in {out}" in lines and "eager" in lines and "paddle-fp32" in lines
    assert (out / "verify.json").is_file()


def test_the_proof_can_be_left_out(trained, tmp_path, capsys):
    assert main(["export", "-w", str(trained), "--out", str(tmp_path / "out"), "--no-verify"]) == 0
    assert "eager" not in capsys.readouterr().out and not (tmp_path / "out" / "verify.json").exists()


@pytest.mark.parametrize("options, message", [
    (("--for", "lyte"), "--for: unknown 'lyte'. Did you mean 'lite'?"),
    (("--dynamic", "size", "--for", "lite"), "Paddle Lite is given fixed shapes here"),
    (("--picture", "gone.jpg"), "gone.jpg: no such picture"),
    (("-o", "transforms.eval=[{name: Resize, size: 16}]"), "a net takes float32 (3, H, W): end it with Normalize"),
    (("--for",), "expected at least one argument; for example --for lite onnx"),
])
def test_mistakes(trained, tmp_path, capsys, options, message):
    status, error = told(capsys, "-w", trained, "--out", tmp_path / "out", *options)
    assert status == 2 and message in error and not (tmp_path / "out").exists()


def test_a_wrong_run_and_a_taken_place(trained, exported, tmp_path, capsys):
    status, error = told(capsys, "-w", tmp_path / "gone", "--out", tmp_path / "out")
    assert status == 2 and "gone" in error
    status, error = told(capsys, "-w", trained, "--out", exported)
    assert status == 2 and "--overwrite replaces it" in error
    status, error = told(capsys, "-w", trained, "--out", trained, "--overwrite")
    assert status == 2 and "there is something else than an artefact" in error


@pytest.mark.parametrize("verdicts, only", [
    ({"paddle-fp32": "passed", "paddle-bf16": "FAILED"}, True), ({"paddle-fp32": "passed"}, False),
    ({"paddle-fp32": "FAILED", "paddle-bf16": "FAILED"}, False), ({"paddle-int8": "FAILED"}, False)])
def test_bf16_that_is_too_coarse_is_no_failed_export(tmp_path, verdicts, only):
    stages = [{"name": name, "verdict": verdict} for name, verdict in verdicts.items()]
    (tmp_path / "verify.json").write_text(json.dumps({"stages": stages}), encoding="utf-8")
    assert only_bf16_failed(tmp_path) == only
