"""Post-training quantization as a whole, on the tiny artefact."""

import numpy as np
import pytest

from ppmobile.artefact import golden, read
from ppmobile.errors import ConfigError, ExportError
from ppmobile.export.program import load_graph
from ppmobile.slim import ptq
from ppmobile.slim.pictures import Pictures
from ppmobile.slim.ptq import Settings, quantize
from ppmobile.slim.quantizers import scales
from ppmobile.slim.search import AccuracyError

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
    assert about["targets"]["paddle"]["top1"] == pytest.approx(result.found["paddle"].loss.top1, abs=1e-4)
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
    with pytest.raises(AccuracyError, match="paddle: int8 loses"):
        quantize(copied, gathered[0], wrong, Settings(targets=(), max_drop=-1), say=silent)  # nothing gains accuracy
    assert hashes(copied) == before and [p.name for p in copied.parent.iterdir() if p.name.startswith(".")] == []


def test_a_target_that_nobody_asked_for_is_left_out_if_it_loses_too_much(copied, gathered, quick, monkeypatch, capsys):
    monkeypatch.setattr(ptq, "default_targets", lambda artefact: ("paddle", "lite"))
    monkeypatch.setattr(ptq, "check_targets", lambda artefact, names: ptq.default_targets(artefact))
    garbage = np.eye(3, dtype=np.float32)[(gathered[1].labels + 1) % 3]  # never the right class
    monkeypatch.setattr(ptq.LiteTarget, "answers", lambda self, images: garbage)
    monkeypatch.setattr(ptq.PaddleTarget, "answers", lambda self, images: np.roll(garbage, -1, axis=1))
    result = quantize(copied, *gathered, Settings())
    assert set(result.found) == {"paddle"} and "left out: lite: int8 loses" in capsys.readouterr().out


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
