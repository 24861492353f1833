"""`ppmobile export` as a user calls it: the proof at the end, and one line on each mistake."""

import pytest

from ppmobile.cli import main


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
