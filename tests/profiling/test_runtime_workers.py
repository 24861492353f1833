"""A process for each runtime: it answers, and its end is told in words."""

import pytest

from ppmobile.errors import ExportError
from ppmobile.profiling.workers import Worker


def test_it_runs_and_classifies(exported, pictures):
    with Worker(exported, "paddle-fp32") as worker:
        assert worker.reason == ""
        times = worker.run(3)
        assert len(times) == 3 and all(ms > 0 for ms in times)
        names = worker.classify([pictures / "c0" / "图 11.png", pictures / "labels.txt"])
        assert names[0] in {"红 red", "green", "blue"} and names[1] is None
        worker._process.kill()
        with pytest.raises(ExportError, match="paddle-fp32 ended its process with signal 9"):
            worker.run(1)


def test_what_cannot_run_says_why(exported, tmp_path):
    with Worker(exported, "onnx-int8") as worker:
        assert "no int8/model.onnx" in worker.reason
    with Worker(tmp_path, "paddle-fp32") as worker:
        assert "no artefact" in worker.reason
