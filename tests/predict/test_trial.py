"""Runtimes tried in a process of their own: times, wrong answers, and a crash, all told in the file of findings."""

import json
import os
import shutil

import numpy as np
import pytest

from ppmobile import artefact
from ppmobile.errors import ExportError
from ppmobile.files import sha256
from ppmobile.predict import choose, trial
from ppmobile.predict.runtimes import needs, onnx


def task(folder, trusted=(), unproven=("onnx-fp32",)):
    return {"folder": str(folder), "threads": 1, "trusted": list(trusted), "unproven": list(unproven)}


@pytest.fixture
def findings(shipped, tmp_path, monkeypatch):
    """A function: the findings of a task on `shipped`, in this process; few runs."""
    monkeypatch.setattr(trial, "RUNS", 2)

    def find(**options):
        trial.main(json.dumps(task(shipped, **options)), tmp_path / "found")
        return [json.loads(line) for line in (tmp_path / "found").read_text(encoding="utf-8").splitlines()]

    return find


def test_a_runtime_that_is_right_gets_a_time(findings):
    found = findings()
    assert found[0] == {"begin": "onnx-fp32"} and found[-1]["name"] == "onnx-fp32" and 0 < found[-1]["ms"] < 1000


def test_a_wrong_answer_is_told_unless_it_is_trusted(findings, monkeypatch):
    monkeypatch.setattr(onnx.OnnxRuntime, "run", lambda self, image: [self._run(image)[0][:, ::-1]])
    assert "the golden sample differs: relative error" in findings()[-1]["reason"]
    assert "ms" in findings(trusted=["onnx-fp32"], unproven=())[-1]


def test_a_runtime_that_cannot_be_opened_or_run(findings, monkeypatch):
    assert "the artefact has no int8/model.onnx" in findings(unproven=["onnx-int8"])[-1]["reason"]
    monkeypatch.setattr(onnx.OnnxRuntime, "run", lambda self, image: 1 / 0)
    assert findings()[-1] == {"name": "onnx-fp32", "reason": "it fails: division by zero"}


@pytest.fixture
def low(monkeypatch):
    """A function that makes onnx-int8, here model.onnx again, answer what `change` makes of the right answer."""
    monkeypatch.setitem(needs.FILES, "onnx-int8", ("model.onnx",))

    def setting(change):
        def run(self, image):
            right, = self._run(image)
            return [change(right) if self.precision == "int8" else right]

        monkeypatch.setattr(onnx.OnnxRuntime, "run", run)

    return setting


BOTH = ("onnx-int8", "onnx-fp32")


def test_int8_is_compared_with_fp32_on_more_than_one_picture(findings, low):
    low(lambda right: right * 0.99)
    found = findings(unproven=BOTH)
    assert [one["begin"] for one in found[:2]] == ["onnx-fp32", "onnx-int8"]
    assert {one["name"] for one in found if "ms" in one} == set(BOTH)


def test_int8_that_gives_every_picture_the_golden_class_is_left_out(findings, low, shipped):
    """The class is that of the golden sample, which the reviewed version took as proof."""
    best = int(np.argmax(artefact.golden(shipped)["output"]))
    low(lambda right: np.eye(3, dtype=np.float32)[[best] * len(right)])
    found = findings(unproven=BOTH)
    assert "unlike fp32 on variations of the golden sample: " in found[2]["reason"] and found[2]["name"] == "onnx-int8"
    assert {one["name"] for one in found if "ms" in one} == {"onnx-fp32"}


def test_int8_without_fp32_is_not_proven_unless_verify_did(findings, low):
    low(lambda right: right)
    assert findings(unproven=["onnx-int8"])[-1] == {"name": "onnx-int8", "reason": trial.UNPROVEN}
    assert "ms" in findings(trusted=["onnx-int8"], unproven=())[-1]


def test_a_wrong_fp32_proves_nothing(findings, low, monkeypatch):
    monkeypatch.setattr(onnx.OnnxRuntime, "run", lambda self, image: [self._run(image)[0][:, ::-1]])
    found = findings(unproven=BOTH)
    assert "differs: " in found[1]["reason"] and found[3]["reason"] == trial.UNPROVEN


def test_a_golden_picture_that_cannot_be_read_is_told_once(shipped, tmp_path):
    folder = shutil.copytree(shipped, tmp_path / "copy")
    picture = folder / artefact.golden(folder)["picture"]
    old = sha256(picture)
    picture.write_bytes(b"no picture")
    deploy = (folder / "deploy.yml").read_text(encoding="utf-8")
    (folder / "deploy.yml").write_text(deploy.replace(old, sha256(picture)), encoding="utf-8")
    with pytest.raises(ExportError, match=r"^no runtime can be tried: .*golden.png: the content is not a") as error:
        choose.measure(artefact.read(folder), 1, [], ["onnx-fp32", "paddle-fp32"])
    assert "\n" not in str(error.value) and str(error.value).count("golden.png") == 1


def test_times_come_in_turns(monkeypatch):
    order = []

    class Fast:
        def run(self, image):
            order.append(self)

    opened = {"a": Fast(), "b": Fast()}
    seconds = trial._times(opened, None, lambda **finding: None, 0)
    assert {name: len(took) for name, took in seconds.items()} == {"a": 30, "b": 30} and len(order) == 80
    assert order[:20] == [opened["a"]] * 10 + [opened["b"]] * 10


def test_the_whole_way_with_a_runtime_that_crashes(shipped, tmp_path, monkeypatch):
    """sitecustomize is imported first: there, in the trial's process alone, one runtime ends the process."""
    crash = ("import os\nfrom ppmobile.predict.runtimes import openvino\n"
             "openvino.OpenVinoRuntime.run = lambda self, image: os.abort()\n")
    (tmp_path / "sitecustomize.py").write_text(crash, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    pytest.importorskip("openvino")
    times, failures, crashes = choose.measure(artefact.read(shipped), 1, [], ["onnx-fp32", "openvino-fp32"])
    assert list(times) == ["onnx-fp32"] and not failures
    assert crashes == {"openvino-fp32": "its process failed: it was ended by SIGABRT"}


@pytest.mark.parametrize("code, message", [
    ("raise SystemExit(3)", "exit status 3"), ("raise RuntimeError('no cake')", "RuntimeError: no cake"),
])
def test_why_the_process_failed_is_told(shipped, tmp_path, monkeypatch, code, message):
    script = ("from ppmobile.predict import replay\ndef broken(self, found):\n"
              f"    {code}\nreplay.Replay.__init__ = broken\n")
    (tmp_path / "sitecustomize.py").write_text(script, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    assert choose.measure(artefact.read(shipped), 1, [], ["onnx-fp32"])[2] == {
        "onnx-fp32": f"its process failed: {message}"}


def test_a_crash_when_the_process_ends_is_not_met(shipped, tmp_path, monkeypatch):
    script = "import atexit, os\natexit.register(os.abort)\n"
    (tmp_path / "sitecustomize.py").write_text(script, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    ended, findings, _ = choose._trial(task(shipped))
    assert ended == "" and "ms" in findings[-1]
