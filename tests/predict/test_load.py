"""What load refuses, in one line each, and what it does not import."""

import subprocess
import sys

import numpy as np
import pytest

import ppmobile
from ppmobile import artefact
from ppmobile.errors import ExportError
from ppmobile.predict import predictor


def refused(*arguments):
    with pytest.raises(ExportError) as error:
        ppmobile.load(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_training_run_is_not_an_artefact(trained):
    for place in (trained, trained / "best.safetensors"):
        assert f"export it first: ppmobile export -w {place} --out ARTEFACT" in refused(place)


def test_other_places(tmp_path, exported):
    assert "no such folder; give the folder that ppmobile export wrote" in refused(tmp_path / "nowhere")
    assert "no such folder" in refused(exported / "deploy.yml")
    assert "no artefact (it has no deploy.yml)" in refused(tmp_path)


@pytest.mark.parametrize("arguments, message", [
    (("auto", 0), "threads: must be at least 1, got 0"), (("auto", "two"), "threads: expected a whole number"),
    (("auto", True), "threads: expected a whole number, got true"), (("paddle",), "unknown runtime 'paddle'."),
    (("onnx-fp32",), "the artefact has no model.onnx"), ((None,), "unknown runtime None"),
])
def test_options(exported, arguments, message):
    assert message in refused(exported, *arguments)


def test_a_changed_artefact_is_refused(copied):
    with open(copied / "inference.pdiparams", "r+b") as file:
        file.write(b"\xff")
    assert "inference.pdiparams was changed since the export" in refused(copied)


def test_a_task_of_a_later_version(copied, monkeypatch):
    found = artefact.read(copied)
    found.deploy["task"] = "dream"
    monkeypatch.setattr(predictor.artefacts, "read", lambda folder: found)
    assert "task 'dream' cannot be predicted; known: classify" in refused(copied)


class Wrong:
    """A runtime that fails in its own words, or answers nonsense."""

    name, threads = "wrong", 1

    def __init__(self, answer):
        self.answer = answer

    def run(self, image):
        if self.answer is None:
            raise RuntimeError("C++ said\nmany lines")
        return [self.answer]


@pytest.mark.parametrize("answer, message", [
    (None, r"wrong failed on \[1, 3, 16, 16\]: C\+\+ said many lines; run ppmobile verify"),
    (np.full((1, 3), np.nan), "wrong: the graph answers with numbers that are not finite"),
    (np.zeros((1, 4)), "for 1 pictures of 3 classes"),
])
def test_a_runtime_that_fails_or_answers_nonsense(exported, answer, message):
    with pytest.raises(ExportError, match=message):
        predictor.Predictor(artefact.read(exported), Wrong(answer)).predict(np.zeros((5, 5, 3), np.uint8))


def heavy(environment, code):
    """What a script has imported of paddle and the training code, in a process of its own."""
    code += ("; import sys; print(*[m for m in sys.modules if m in ('paddle', 'torch', 'sklearn', 'matplotlib')"
             " or m.startswith(('ppmobile.engine', 'ppmobile.models', 'ppmobile.slim', 'ppmobile.export'))])")
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_the_import_brings_no_paddle(environment):
    assert heavy(environment, "import ppmobile.predict, ppmobile.predict.runtimes") == []


@pytest.mark.parametrize("name, package", [("onnx-fp32", "onnxruntime"), ("openvino-fp32", "openvino")])
def test_predicting_without_paddle(shipped, files, environment, name, package):
    pytest.importorskip(package)
    code = f"import ppmobile; assert ppmobile.load({str(shipped)!r}, {name!r}).predict({files[0]!r}).name"
    assert heavy(environment, code) == []


def test_paddle_is_what_the_check_would_find(exported, files, environment):
    code = f"import ppmobile; ppmobile.load({str(exported)!r}, 'paddle-fp32').predict({files[0]!r})"
    assert "paddle" in heavy(environment, code)
