"""Post-training quantization as a whole, on the tiny artefact."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from ppmobile.artefact import golden, read
from ppmobile.errors import ConfigError, ExportError
from ppmobile.export.program import load_graph
from ppmobile.slim import ptq
from ppmobile.slim.loss import Loss
from ppmobile.slim.pictures import Pictures
from ppmobile.slim.ptq import Settings, quantize
from ppmobile.slim.quantizers import layers, scales
from ppmobile.slim.rank import Ranked
from ppmobile.slim.search import AccuracyError
from ppmobile.slim.steps import ptq as step
from ppmobile.slim.steps.ptq import NAMES

PADDLE = {"targets": (), "max_drop": 0.5}


def silent(line):
    """Print nothing."""


def hashes(folder):
    """{file: content} of a folder."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_artefact_has_int8_files_and_is_sound(copied, gathered, quick):
    result = quantize(copied, *gathered, Settings("auto", **PADDLE), say=silent)
    again = read(copied)  # checks all hashes, and deploy.yml against golden.json
    assert again.has("int8/inference.pdmodel", "int8/inference.pdiparams") and not again.problems
    about = again.deploy["quantization"]
    assert about["algo"] == "auto" and set(about["targets"]) == {"paddle"}
    assert about["targets"]["paddle"]["top1"] == pytest.approx(result.found["paddle"].loss.accuracy, abs=1e-4)
    assert golden(copied)["deploy"]["quantization"] == about
    assert quick == [(quick[0][0], len(gathered[0]), ("abs_max", "avg", "hist", "hist999"))]


def test_with_out_the_source_stays_as_it_was(copied, gathered, quick, tmp_path):
    before = hashes(copied)
    quantize(copied, *gathered, Settings(**PADDLE), out=tmp_path / "新 é", say=silent)
    assert hashes(copied) == before and read(tmp_path / "新 é").has("int8/inference.pdmodel")


def test_a_second_time_replaces_the_first_and_says_so(copied, gathered, quick, capsys):
    quantize(copied, *gathered, Settings(**PADDLE), say=silent)
    quantize(copied, *gathered, Settings(keep_float=("head.fc",), **PADDLE))
    assert "has int8 files already; they are replaced" in capsys.readouterr().out
    assert "head.fc" not in scales(load_graph(copied / "int8"))
    assert read(copied).deploy["quantization"]["targets"]["paddle"]["keep_float"][0] == "head.fc"


def test_two_runs_give_the_same_files(copied, gathered, quick, tmp_path):
    for name in ("one", "two"):
        quantize(copied, *gathered, Settings(**PADDLE), out=tmp_path / name, say=silent)
    assert read(tmp_path / "one").files == read(tmp_path / "two").files


def test_too_much_loss_changes_nothing(copied, gathered, quick):
    before = hashes(copied)
    wrong = Pictures(gathered[1].images, None, "pictures")
    with pytest.raises(AccuracyError, match="paddle: int8 loses more than --max-drop -1"):
        quantize(copied, gathered[0], wrong, Settings(targets=(), max_drop=-1), say=silent)  # nothing gains accuracy
    assert hashes(copied) == before and [p.name for p in copied.parent.iterdir() if p.name.startswith(".")] == []


def test_a_target_that_nobody_asked_for_is_left_out_if_it_loses_too_much(copied, gathered, quick, monkeypatch, capsys):
    monkeypatch.setattr(ptq, "default_targets", lambda artefact: ("paddle", "lite"))
    monkeypatch.setattr(ptq, "check_targets", lambda artefact, *rest: ptq.default_targets(artefact))
    garbage = np.eye(3, dtype=np.float32)[(np.array(gathered[1].truths) + 1) % 3]  # never the right class
    monkeypatch.setattr(ptq.LiteTarget, "answers", lambda self, images: garbage)
    monkeypatch.setattr(ptq.PaddleTarget, "answers", lambda self, images: np.roll(garbage, -1, axis=1))
    result = quantize(copied, *gathered, Settings())
    assert set(result.found) == {"paddle"} and "left out: lite: int8 loses" in capsys.readouterr().out


def unlucky(monkeypatch, error):
    """Paddle Lite is a target that cannot be finished."""
    monkeypatch.setattr(ptq, "default_targets", lambda artefact: ("paddle", "lite"))
    monkeypatch.setattr(ptq, "check_targets", lambda artefact, *rest: ("paddle", "lite"))

    def finish(self):
        (self.folder / "int8/model_arm.nb").write_bytes(b"half of it")
        raise error

    monkeypatch.setattr(ptq.LiteTarget, "finish", finish)


@pytest.mark.parametrize("error", [ExportError("opt: gave up"), RuntimeError("first line\nopt: gave up")])
def test_a_target_that_nobody_asked_for_is_left_out_if_it_fails(copied, gathered, quick, monkeypatch, capsys, error):
    unlucky(monkeypatch, error)
    result = quantize(copied, *gathered, Settings(max_drop=0.5))
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("left out: ")]
    assert set(result.found) == {"paddle"} and len(said) == 1 and "opt: gave up" in said[0]
    assert set(result.artefact.deploy["quantization"]["targets"]) == {"paddle"}
    assert not (copied / "int8/model_arm.nb").exists()


def test_a_target_that_was_asked_for_fails_in_one_line(copied, gathered, quick, monkeypatch):
    unlucky(monkeypatch, RuntimeError("first line\nopt: gave up"))
    with pytest.raises(ExportError, match=r"^lite: int8 cannot be made .*RuntimeError: opt: gave up.*--for$"):
        quantize(copied, *gathered, Settings(targets=("lite",), max_drop=0.5), say=silent)


def test_a_step_names_its_options_as_a_config_does(copied, gathered, quick, monkeypatch):
    unlucky(monkeypatch, RuntimeError("opt: gave up"))
    settings = Settings(targets=("lite",), max_drop=0.5, options=NAMES)
    with pytest.raises(ExportError, match=r"keep layers in float with keep_float, or leave lite out of targets$"):
        quantize(copied, *gathered, settings, say=silent)
    result = quantize(copied, *gathered, replace(settings, forgiving=True), say=silent)
    assert set(result.found) == {"paddle"}
    with pytest.raises(ConfigError, match=r"^keep_float hed: no layer"):
        quantize(copied, *gathered, replace(settings, keep_float=("hed",)), say=silent)


@pytest.mark.parametrize(["runtimes", "targets"], [
    (["paddle-fp32", "paddle-int8"], ("paddle", "lite")), (["onnx-int8", "openvino-fp32"], ("lite", "onnx")),
    (["paddle-fp32"], ("paddle", "lite", "onnx", "openvino"))])
def test_a_step_makes_the_files_that_the_runtimes_of_its_run_read(runtimes, targets, monkeypatch):
    monkeypatch.setattr(step, "default_targets", lambda artefact: ("paddle", "lite", "onnx", "openvino"))
    config = SimpleNamespace(slim=SimpleNamespace(runtimes=runtimes))
    assert step.timed_targets(None, config) == targets


def test_the_files_are_those_of_the_layers_found_whatever_was_tried_last(material, gathered, monkeypatch):
    names = list(layers(load_graph(material.artefact.folder)))
    drops = [1, 1, 1, 0, 0, 0]  # tried: 0, 1, 3, 2
    made, images = ptq.PaddleTarget(material), gathered[1].images[:2]
    monkeypatch.setattr(material.judge, "cost", lambda got, want, truths: Loss(1 - drops[len(names) - len(got)]))
    monkeypatch.setattr(made, "answers", lambda images: list(scales(load_graph(made.folder / "int8"))))
    ranking = [Ranked(name, {"avg": 0.0}) for name in names]
    found = ptq.choose(made, ranking, Pictures(images, None, ""), None, Settings(max_drop=0.5), silent, {})
    assert found.count == 3 and set(scales(load_graph(made.folder / "int8"))) == set(names[3:])


def test_a_verification_of_other_files_is_not_taken_along(copied, gathered, quick):
    (copied / "verify.json").write_text("{}", encoding="utf-8")
    quantize(copied, *gathered, Settings(**PADDLE), say=silent)
    assert not (copied / "verify.json").exists()


def test_only_the_fp32_files_that_are_listed_are_copied(copied, tmp_path):
    (copied / "verify.json").write_text("{}", encoding="utf-8")
    source = read(copied)
    source.files["int8/inference.pdmodel"] = ""
    ptq.copy_fp32(source, tmp_path / "new")
    assert set(map(str, hashes(tmp_path / "new"))) == {name for name in source.files if not name.startswith("int8/")}


@pytest.mark.parametrize("targets, ranked", [(("paddle",), False), (("paddle", "openvino"), True)])
def test_gates_are_ranked_if_any_target_has_them_in_int8(material, quick, monkeypatch, targets, ranked):
    monkeypatch.setattr(ptq.PaddleTarget, "always_float", lambda self: {"head.fc"})
    material.quantized = material.work / "merged"
    ranking = ptq.prepare(material, Settings(), targets, silent)
    assert ("head.fc" in [entry.layer for entry in ranking]) == ranked


def test_a_pattern_for_no_layer_is_told_before_the_work(copied, gathered, quick):
    with pytest.raises(ConfigError, match="--keep-float head.fcc"):
        quantize(copied, *gathered, Settings(keep_float=("head.fcc",), **PADDLE), say=silent)
    assert quick == []


def test_targets_that_cannot_be_made(copied, monkeypatch):
    artefact = read(copied)
    with pytest.raises(ExportError, match="has no model.onnx|onnx.* is not installed"):
        ptq.check_targets(artefact, ["onnx"])
    monkeypatch.setattr(ptq.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r"openvino is not installed: pip install ppmobile\[openvino\]"):
        ptq.check_targets(artefact, ["openvino"])
    assert ptq.default_targets(artefact) == ("paddle",)
