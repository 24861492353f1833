"""`ppmobile verify`: exit status, table, and one line for what a user can get wrong."""

import pytest

from ppmobile.cli import main
from ppmobile.files import sha256

FEW = ["--count", "2", "--runtimes", "paddle-fp32"]


def test_a_sound_artefact_with_its_run(copied, trained, capsys):
    assert main(["verify", str(copied), "-w", str(trained), *FEW]) == 0
    out = capsys.readouterr().out
    assert "2 pictures of data.val" in out and "eager" in out and out.rstrip().endswith("passed on 1 runtimes")
    assert (copied / "verify.json").is_file()


def test_a_fault_gives_status_1_and_names_it(copied, capsys):
    text = (copied / "deploy.yml").read_text(encoding="utf-8")
    (copied / "deploy.yml").write_text(text.replace("topk: 3", "topk: 2"), encoding="utf-8")
    assert main(["verify", str(copied), *FEW]) == 1
    out = capsys.readouterr().out
    assert "postprocess.topk is 2, but was 3 when exported" in out and out.rstrip().endswith("FAILED, first at files")


@pytest.mark.parametrize(("arguments", "message"), [
    (["--count", "0"], "--count must be at least 1"),
    (["-o", "data.val=null"], "give one with -c, or the run"),
    (["--runtimes", "onnx"], "unknown runtime 'onnx'"),
    (["--pictures", "gone"], "no such file or folder"),
    (["-w", "gone"], "gone"),
])
def test_mistakes_are_told_in_one_line(copied, arguments, message, capsys):
    try:
        status = main(["verify", str(copied), *arguments])
    except SystemExit as error:
        status = error.code
    lines = capsys.readouterr().err.strip().splitlines()
    assert status == 2 and len(lines) == 1 and message in lines[0]


def test_no_artefact(tmp_path, capsys):
    assert main(["verify", str(tmp_path)]) == 2
    assert "make one with ppmobile export" in capsys.readouterr().err


def test_another_run_is_refused_before_anything_is_written(copied, trained, capsys):
    digest, deploy = sha256(trained / "best.safetensors"), copied / "deploy.yml"
    text = deploy.read_text(encoding="utf-8")
    deploy.write_text(text.replace(digest, "0" * 64), encoding="utf-8")
    assert digest in text and main(["verify", str(copied), "-w", str(trained), *FEW]) == 2
    assert "is not the checkpoint that" in capsys.readouterr().err
    assert not (copied / "verify.json").exists()
