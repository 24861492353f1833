"""Runtimes tried in a process of their own: times, wrong answers, and a crash, all told in the file of findings."""

import json
import os

import pytest

from ppmobile import artefact
from ppmobile.predict import choose, trial
from ppmobile.predict.runtimes import onnx


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
    assert "the golden sample differs by" in findings()[-1]["reason"]
    assert "ms" in findings(trusted=["onnx-fp32"], unproven=())[-1]


def test_a_runtime_that_cannot_be_opened_or_run(findings, monkeypatch):
    assert "the artefact has no int8/model.onnx" in findings(unproven=["onnx-int8"])[-1]["reason"]
    monkeypatch.setattr(onnx.OnnxRuntime, "run", lambda self, image: 1 / 0)
    assert findings()[-1] == {"name": "onnx-fp32", "reason": "it fails: division by zero"}


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
    times, failures = choose.measure(artefact.read(shipped), 1, [], ["onnx-fp32", "openvino-fp32"])
    assert list(times) == ["onnx-fp32"] and failures == {"openvino-fp32": "it ends the process with status -6"}
