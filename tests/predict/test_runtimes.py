"""Each runtime: right numbers, copies, one-line reasons why it cannot be used. (Lite: test_lite_runtime.py.)"""

import importlib.util
import shutil

import numpy as np
import pytest

from ppmobile import artefact
from ppmobile.errors import ExportError
from ppmobile.predict import runtimes
from ppmobile.predict.replay import Replay
from ppmobile.predict.runtimes import base, needs

USED = ("paddle-fp32", "paddle-bf16", "onnx-fp32", "openvino-fp32", "openvino-bf16")
# of a probability: what 8 bits of mantissa leave after three layers, and what the order of fp32 sums changes
TOLERANCE = {"fp32": 1e-5, "bf16": 0.02}


def test_the_names_in_order():
    assert runtimes.NAMES == ("paddle-fp32", "paddle-bf16", "paddle-int8", "onnx-fp32", "onnx-int8",
                              "openvino-fp32", "openvino-bf16", "openvino-int8", "lite-fp32")


@pytest.mark.parametrize("name", USED)
def test_each_gives_the_answer_of_training_in_arrays_of_its_own(shipped, name):
    found = artefact.read(shipped)
    if runtimes.status(name, found):
        pytest.skip(runtimes.status(name, found))
    replay = Replay(found)
    image, expected = replay.image, np.stack(replay.expected)
    runtime = runtimes.open_runtime(name, found, 2)
    first, = runtime.run(np.concatenate([image, image * 0]))
    kept = first.copy()
    second, = runtime.run(image * 0)
    assert runtime.name == name and runtime.threads == 2 and first.dtype == np.float32
    assert np.array_equal(first, kept) and first.shape == (2, 3) and second.shape == (1, 3)
    assert np.abs(first[:1] - expected).max() < TOLERANCE[name[-4:]]
    assert np.allclose(first[1:], second, atol=TOLERANCE[name[-4:]])
    runtime.close()
    runtime.close()
    with pytest.raises(ExportError, match=f"{name} was closed; open it again"):
        runtime.run(image)


@pytest.mark.parametrize("threads, message", [
    (0, "threads: must be at least 1, got 0"), (-2, "must be at least 1, got -2"), ("two", "a whole number, got 'two'"),
    (5000, r"threads: must be at most \d+ here \(\d+ cores\), got 5000"), (np.float32(2), "a whole number"),
    (True, "a whole number, got true"), (1.0, "got 1.0; write 1"), (None, "a whole number, got nothing"),
])
def test_threads_are_a_whole_number(exported, threads, message):
    with pytest.raises(ExportError, match=message):
        runtimes.open_runtime("paddle-fp32", artefact.read(exported), threads)


@pytest.mark.parametrize("cores, most", [(2, 64), (8, 64), (9, 72)])
def test_as_many_threads_as_help(monkeypatch, cores, most):
    monkeypatch.setattr(base, "cores", lambda: cores)
    assert runtimes.check_threads(most) == most
    with pytest.raises(ExportError, match=f"at most {most} here"):
        runtimes.check_threads(most + 1)


def test_threads_may_be_numpys():
    assert type(runtimes.check_threads(np.int64(2))) is int


@pytest.mark.parametrize("name", ["paddle-fp23", "onnx", 5, None])
def test_an_unknown_name(exported, name):
    with pytest.raises(ExportError, match="unknown runtime .* Known: paddle-fp32, ") as error:
        runtimes.status(name, artefact.read(exported))
    assert name != "paddle-fp23" or "Did you mean 'paddle-fp32'?" in str(error.value)


@pytest.mark.parametrize("name, reason", [
    ("onnx-fp32", "the artefact has no model.onnx: ppmobile export -w RUN --out FOLDER --for onnx"),
    ("lite-fp32", "the artefact has no model_x86.nb: ppmobile export -w RUN --out FOLDER --for lite"),
    ("paddle-int8", "the artefact has no int8/inference.pdmodel: ppmobile slim ptq "),
    ("openvino-int8", "the artefact has no int8/openvino.xml: ppmobile slim ptq "),
])
def test_missing_files_name_the_command_that_makes_them(exported, name, reason):
    found = artefact.read(exported)
    assert runtimes.status(name, found).startswith(reason)
    with pytest.raises(ExportError, match=f"{name} cannot be used here: the artefact has no"):
        runtimes.open_runtime(name, found)


def test_a_library_that_is_not_installed(exported, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = artefact.read(exported)
    assert runtimes.status("openvino-fp32", found) == "openvino is not installed: pip install ppmobile[openvino]"
    assert 'pip install "paddlepaddle' in runtimes.status("paddle-fp32", found)


@pytest.mark.parametrize("features", [None, frozenset({"avx2"})])
def test_bf16_needs_a_cpu_that_has_it(exported, monkeypatch, features):
    monkeypatch.setattr(needs, "cpu", lambda: ("Some CPU", features))
    reason = runtimes.status("paddle-bf16", artefact.read(exported))
    assert reason == "the CPU (Some CPU) has neither avx512_bf16 nor amx_bf16: paddle-fp32 is faster there"
    assert runtimes.status("paddle-fp32", artefact.read(exported)) == ""


@pytest.mark.parametrize("name, file", [("paddle-fp32", "inference.pdmodel"), ("onnx-fp32", "model.onnx")])
def test_a_graph_that_the_library_refuses_is_one_line(shipped, tmp_path, name, file):
    folder = shutil.copytree(shipped, tmp_path / "copy")
    found = artefact.read(folder)
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(whole[:len(whole) // 2])
    with pytest.raises(ExportError, match=f"{name} cannot load the graph .*ppmobile verify") as error:
        runtimes.open_runtime(name, found)
    assert "\n" not in str(error.value)
