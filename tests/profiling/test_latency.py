"""Turns, medians and ratios of a benchmark, on made-up times and on a real artefact."""

import pytest

from ppmobile.artefact import read
from ppmobile.errors import ExportError
from ppmobile.profiling import latency
from ppmobile.profiling.latency import bench, percentile, ratio, row, summarise, take_turns, variation


class FakeWorker:
    """Answers each run with `ms`; after `life` turns its process is gone."""

    def __init__(self, ms, life=99):
        self.ms, self.life, self.asked = ms, life, []

    def run(self, count):
        """As Worker.run."""
        self.asked.append(count)
        if len(self.asked) > self.life:
            raise ExportError("ended its process with signal 11")
        return [100.0] * 2 + [self.ms * len(self.asked)] * (count - 2)  # the first of a turn are cold


@pytest.fixture
def rows(exported):
    """Rows of paddle-fp32 and openvino-fp32, without measurements."""
    return [{**row(read(exported), name), "reason": ""} for name in ("paddle-fp32", "openvino-fp32")]


def test_statistics():
    assert percentile([1.0, 2.0, 3.0], 0.5) == 2.0 and percentile([1.0, 2.0], 0.1) == pytest.approx(1.1)
    assert percentile([4.0], 0.9) == 4.0
    assert variation([1.0, 3.0]) == pytest.approx(2 ** 0.5 / 2) and variation([2.0]) is None


def test_the_ratio_is_that_of_neighbours_in_time():
    base, own = [[2.0], [20.0], [2.0]], [[1.0], [10.0], [1.0]]  # the machine was busy in the second turn
    assert ratio(base, own) == 2.0


def test_turns_take_turns_and_cold_runs_do_not_count(rows):
    workers = [FakeWorker(2.0), FakeWorker(1.0)]
    turns = take_turns(rows, workers, 25)
    assert workers[0].asked == workers[1].asked == [20, 12, 7]  # warm-up 10, then 2 at each turn
    assert [len(turn) for turn in turns[0]] == [10, 10, 5] and turns[1][1] == [2.0] * 10
    summarise(rows, turns)
    assert rows[0]["median_ms"] == 4.0 and rows[1]["median_ms"] == 2.0 and rows[1]["ratio"] == 2.0
    assert rows[0]["ratio"] == 1.0 and rows[0]["noise"] == pytest.approx(0.5)  # 2, 4, 6


def test_a_process_that_dies_is_a_row_with_its_reason(rows):
    turns = take_turns(rows, [FakeWorker(1.0), FakeWorker(1.0, life=1)], 30)
    summarise(rows, turns)
    assert rows[1]["reason"] == "ended its process with signal 11" and rows[1]["median_ms"] is None
    assert rows[0]["median_ms"] == 2.0


def test_one_turn_tells_no_noise(rows):
    summarise(rows, take_turns(rows, [FakeWorker(2.0), FakeWorker(1.0)], 10))
    assert rows[0]["median_ms"] == 2.0 and rows[0]["noise"] is None


@pytest.mark.parametrize("error", [ExportError("measuring memory failed: it ended"), PermissionError("denied")])
def test_memory_that_cannot_be_measured_leaves_the_times(rows, exported, monkeypatch, error):
    def measure(artefact, name, threads):
        if name == "paddle-fp32":
            raise error
        return 100.0, 5.0

    monkeypatch.setattr(latency.memory, "measure", measure)
    lines = []
    summarise(rows, [[[2.0]], [[1.0]]])
    latency.measure_memory([read(exported)], rows, say=lines.append)
    assert (rows[0]["median_ms"], rows[0]["peak_mib"], rows[0]["predictor_mib"]) == (2.0, None, None)
    assert rows[1]["peak_mib"] == 100.0 and rows[0]["reason"] == ""
    assert [line for line in lines if "not known" in line] == [
        f"memory of {exported.name} on paddle-fp32 is not known: {error}"]


def test_without_paddle_there_is_no_ratio(rows):
    summarise(rows[1:], [[[1.0]]])
    assert rows[1]["median_ms"] == 1.0 and rows[1]["ratio"] is None


def test_a_real_artefact(exported):
    found = bench([read(exported)], ["paddle-fp32", "onnx-int8"], runs=12, say=lambda line: None)
    paddle, onnx = found
    assert paddle["median_ms"] > 0 and paddle["p10_ms"] <= paddle["median_ms"] <= paddle["p90_ms"]
    assert paddle["ratio"] == 1.0 and paddle["artefact"] == exported.name
    files = [exported / name for name in ("inference.pdmodel", "inference.pdiparams")]
    assert paddle["files_mb"] == round(sum(file.stat().st_size for file in files) / 1e6, 2)
    assert "no int8/model.onnx" in onnx["reason"] and onnx["median_ms"] is None


def test_accuracy_is_the_share_of_right_names(rows):
    class Data:
        classes, items = ["a", "b"], [{"label": 0}, {"label": 1}, {"label": 1}, {"label": 0}]
        paths = ["1", "2", "3", "4"]

    class Names:
        def classify(self, pictures):
            return ["a", "b", "a", None]

    latency.measure_accuracy(rows[:1], [Names()], Data, lambda line: None)
    assert rows[0]["top1"] == 0.5


@pytest.mark.parametrize(("names", "threads", "runs", "message"), [
    (["paddle-fp23"], 1, 1, "unknown runtime 'paddle-fp23'. Did you mean 'paddle-fp32'"),
    (["paddle-fp32"], 0, 1, "threads: must be at least 1"),
    (["paddle-fp32"], 1, 0, "--runs: must be at least 1, got 0"),
])
def test_wrong_wishes(names, threads, runs, message):
    with pytest.raises(ExportError, match=message.replace(".", "[.]").replace("?", "[?]")):
        bench([], names, threads, runs)
