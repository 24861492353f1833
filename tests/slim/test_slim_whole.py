"""Whole slim runs of a tiny net: undone steps, a changed start, Ctrl-C, and a step that makes int8 files."""

import json
import shutil
from pathlib import Path

import pytest
from in_process import measure_here

from ppmobile.config import from_tree, load
from ppmobile.engine import checkpoint, run
from ppmobile.errors import PPMobileError
from ppmobile.slim import pipeline
from ppmobile.slim.judge import ClassJudge
from ppmobile.slim.ledger import Ledger, scored_by_files, with_base
from ppmobile.slim.steps import STEPS, Step


class Spoil(Step):
    """Makes the net answer nothing but the first class."""

    def apply(self, model, context):
        """In place."""
        model.head.fc.bias.set_value(model.head.fc.bias * 0 + 1000)
        model.head.fc.weight.set_value(model.head.fc.weight * 0)


class Halve(Step):
    """Halves the class layer's weights."""

    def apply(self, model, context):
        """In place."""
        model.head.fc.weight.set_value(model.head.fc.weight * 0.5)


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """The steps above are known, and nothing is timed in another process."""
    STEPS.names()
    for step in (Spoil, Halve):
        monkeypatch.setitem(STEPS._members, step.__name__, step)
    measure_here(monkeypatch)


def slimming(tiny, start, *steps, **slim):
    """The Config of a slim run from `start`."""
    return from_tree({**tiny, "slim": {"start": str(start), "steps": list(steps), "runs": 10, **slim}}, {}, "tiny")


def known(config):
    """What slim.json says."""
    return json.loads((Path(config.output) / "slim.json").read_text(encoding="utf-8"))


@pytest.fixture
def begin(trained, tmp_path):
    """A copy of the run `trained`, which a test may change."""
    return shutil.copytree(trained, tmp_path / "start")


def test_the_step_after_an_undone_one_begins_with_the_last_that_paid(tiny, begin, capsys):
    config = slimming(tiny, begin, {"name": "Spoil"}, {"name": "Spoil"}, undo=True, max_drop=0.0, split="train")
    assert pipeline.run(config) == 0
    told, said = known(config), capsys.readouterr().out
    start, *spoilt = told["rows"]
    assert start["score"]["value"] > 1 / 3  # else there was nothing to lose
    assert [row["keep"] for row in spoilt] == [False, False] and "test" in start and "test" not in spoilt[1]
    begun = [json.loads(Path(config.output, name, "stage.json").read_text(encoding="utf-8"))["inputs"]["slim.start"]
             for name in ("01_spoil", "02_spoil")]
    assert begun[0] == begun[1]  # and not the spoilt net
    assert told["result"] == str(begin) and f"the net to take is {begin}" in said


def test_another_start_is_found_out_and_made_anew_on_demand(tiny, begin):
    config = slimming(tiny, begin, {"name": "Halve"})
    assert pipeline.run(config) == 0
    before = known(config)
    saved = checkpoint.load(begin)
    saved.arrays["model/head.fc.bias"] += [5, 0, 0]
    saved.save(begin / "best.safetensors")
    with pytest.raises(PPMobileError, match="01_halve: was made otherwise: it began with another net"):
        pipeline.run(config, resume=True)
    assert pipeline.run(config, resume=True, overwrite=True) == 0
    after = known(config)
    assert all(new["net"] != old["net"] for new, old in zip(after["rows"], before["rows"]))
    got = checkpoint.load(f"{config.output}/01_halve").weights()
    assert (got["head.fc.bias"] == saved.weights()["head.fc.bias"]).all()


def test_ctrl_c_is_told_and_the_run_goes_on(tiny, trained, monkeypatch, capsys):
    config = slimming(tiny, trained, {"name": "Finetune", "train": {"epochs": 1, "lr": 0.01}})
    fit = run.Trainer.fit

    def stopped(trainer, epochs):
        trainer.stop_request = True
        return fit(trainer, epochs)

    monkeypatch.setattr(run.Trainer, "fit", stopped)
    assert pipeline.run(config) == 130
    assert f"go on with: ppmobile slim run --resume {config.output}" in capsys.readouterr().out
    monkeypatch.setattr(run.Trainer, "fit", fit)
    with monkeypatch.context() as pressed:
        pressed.setattr(Ledger, "end", interrupt)
        config.slim.max_drop = 0.5
        assert pipeline.run(config, resume=True) == 130  # while something is measured
    out = capsys.readouterr().out
    assert "01_finetune: goes on" in out and f"go on with: ppmobile slim run --resume {config.output}" in out
    assert load(Path(config.output) / "config.yml").slim.max_drop == 0.5  # with which that command goes on
    assert pipeline.run(config, resume=True, command="another") == 0
    assert len(known(config)["rows"]) == 2 and known(config)["command"] == "called from Python"


def interrupt(*arguments):
    """Ctrl-C."""
    raise KeyboardInterrupt


def test_int8_files_are_made_scored_and_told(tiny, trained, monkeypatch):
    pytest.importorskip("paddleslim")
    monkeypatch.setattr(ClassJudge, "pictures", 1)  # to rank the layers on
    config = slimming(tiny, trained, {"name": "PTQ", "max_drop": 1.0, "count": 4}, runtimes=["paddle-int8"],
                      max_drop=1.0)  # the start has no int8: fp32 is timed, too
    assert pipeline.run(config) == 0
    start, ptq = known(config)["rows"]
    assert list(start["runtimes"]) == ["paddle-fp32"] and list(ptq["runtimes"]) == ["paddle-int8", "paddle-fp32"]
    int8 = ptq["runtimes"]["paddle-int8"]
    for found in (int8["score"], int8["test"]):
        assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1
    assert 0 < int8["file_bytes"] < ptq["runtimes"]["paddle-fp32"]["file_bytes"] * 2
    assert "score" not in ptq["runtimes"]["paddle-fp32"] and ptq["score"]["value"] == start["score"]["value"]
    with open(f"{config.output}/slim.md", encoding="utf-8") as file:
        assert "to the start; on test" in file.read()
    page = Path(config.output, "slim.html").read_text(encoding="utf-8")
    assert "answered by 00_start (paddle-fp32) and by 01_ptq (paddle-int8)" in page


def test_int8_alone_gets_the_float_form_of_its_library_to_compare_with():
    assert with_base(["paddle-int8", "onnx-int8"]) == ["paddle-int8", "onnx-int8", "paddle-fp32", "onnx-fp32"]
    assert with_base(["onnx-fp32", "paddle-int8"]) == ["onnx-fp32", "paddle-int8"]


def test_a_run_in_the_folder_above_its_start_writes_nothing_into_the_start(tiny, trained, tmp_path):
    begin = shutil.copytree(trained, Path(tiny["output"]) / "mine")
    before = {file: file.stat().st_mtime_ns for file in begin.rglob("*")}
    config = slimming(tiny, begin, {"name": "Halve"})
    assert pipeline.run(config) == 0
    assert {file: file.stat().st_mtime_ns for file in begin.rglob("*")} == before
    assert (Path(config.output) / "00_start" / "measured.json").is_file()


def test_a_copied_run_speaks_of_itself(tiny, trained, tmp_path, capsys):
    config = slimming(tiny, trained, {"name": "Halve"})
    assert pipeline.run(config) == 0
    copied = Path(shutil.copytree(config.output, tmp_path / "copied"))
    shutil.rmtree(config.output)
    config.output = str(copied)
    capsys.readouterr()
    assert pipeline.run(config, resume=True) == 0
    said, told = capsys.readouterr().out, known(config)
    assert f"the net to take is {copied / '01_halve'}" in said and "start: measuring\n" not in said
    assert told["result"] == told["rows"][1]["folder"] == str(copied / "01_halve")
    assert told["rows"][0]["artefact"] == str(copied / "00_start" / "artefact")


def test_which_files_answer_otherwise_than_the_net():
    assert not scored_by_files("paddle-fp32", simulated=False) and scored_by_files("paddle-fp32", simulated=True)
    assert scored_by_files("openvino-int8", simulated=False) and scored_by_files("paddle-bf16", simulated=False)
