"""The report of a slim run, of made-up rows: a start, and a net that PTQ gave int8 files."""

import csv
import json
from types import SimpleNamespace

import pytest

from ppmobile.slim import slim_report
from ppmobile.slim.cut_table import cut_table, millions


def count(macs, params):
    """Stands for profiling.macs.Count."""
    return SimpleNamespace(macs=macs, params=params)


def score(value):
    """A score all of whose resamples are alike."""
    return {"value": value, "low": value, "high": value, "samples": [value] * 4}


@pytest.fixture
def rows():
    """The start in 10 ms with 90 %; PTQ in 4 ms with 88 %, on data.test 85 %, its net in float as the start."""
    own = {"metric": "top1", "split": "val", "simulated": False, "score": score(0.9), "test": score(0.87),
           "predicted": None, "cost": {"macs": 2_000_000, "params": 1000, "bytes": 4000}, "keep": None, "why": ""}
    fp32 = {"median_ms": 10.0, "p90_ms": 11.0, "file_bytes": 5000, "peak_mib": 50.0}
    int8 = {"median_ms": 4.0, "p90_ms": 5.0, "file_bytes": 1500, "score": score(0.88), "test": score(0.85)}
    ptq = {"stage": "01_ptq", "step": "PTQ", "folder": "runs/a/01_ptq", "keep": True, "why": "2.50x"}
    return [{**own, "stage": "00_start", "step": "start", "folder": "runs/a", "runtimes": {"paddle-fp32": fp32}},
            {**own, **ptq, "runtimes": {"paddle-fp32": fp32, "paddle-int8": int8}}]


def test_what_int8_files_score_is_told_beside_the_net(rows):
    head, _, start, ptq = slim_report.table(rows)
    cells = dict(zip(head.strip("| ").split(" | "), ptq.strip("| ").split(" | ")))
    assert cells["top1 of the net on val (95 %)"] == "90.0 (90.0 to 90.0)"
    assert cells["the net on test"] == "87.0 (87.0 to 87.0)"
    assert cells["paddle-int8 ms, p90, times as fast, size of files, peak memory"] == (
        "4.00, 5.00, 2.50x, 0.001500 MB; top1 88.0 (88.0 to 88.0), -2.0 (-2.0 to -2.0) to the start; on test 85.0 "
        "(85.0 to 85.0)")
    assert " - | " in start and cells["keep"] == "yes"
    assert "10.00, 11.00, 1.00x, 0.005000 MB, 50 MiB" in start


def test_a_simulation_is_called_one(rows):
    rows[1]["simulated"] = True
    assert "90.0 (90.0 to 90.0) in simulated int8" in slim_report.table(rows)[3]


def test_int8_alone_has_no_factor_where_the_start_could_not_be_timed(rows):
    rows[0]["runtimes"] = {}
    del rows[1]["runtimes"]["paddle-fp32"]
    assert "4.00, 5.00, -, 0.001500 MB; top1" in slim_report.table(rows)[3]


def test_noisy_times_are_told_with_the_worst(rows):
    assert "one turn: " in slim_report.noise(rows)[0]
    rows[0]["runtimes"]["paddle-fp32"]["noise"] = 0.09
    assert slim_report.noise(rows) == []
    rows[1]["runtimes"] = {"paddle-fp32": {"noise": 0.2}, "paddle-int8": {"noise": 0.351}}
    assert slim_report.noise(rows)[0].startswith(
        "the times of 01_ptq on paddle-int8 vary by 35% between turns, and 1 more times by over 10%: close other")


def test_a_net_that_did_not_pay_is_not_handed_out_without_a_word(rows):
    assert slim_report.taken(rows[1]) == "runs/a/01_ptq"
    rows[1].update(keep=False, why="80.0 points below the start")
    assert slim_report.taken(rows[1]) == "runs/a/01_ptq (it did not pay: 80.0 points below the start)"


def test_small_nets_keep_their_digits(rows):
    assert "0.001000 M parameters" in slim_report.line(rows[0], rows[0])
    for number, text in ((57_100, "0.05710"), (204_000, "0.2040"), (5_707_412, "5.707"), (33_140_000, "33.14"),
                         (1_234_567_890, "1235"), (0, "0.000")):
        assert millions(number) == text
    assert "0.2040 M -> 0.05710 M (-72.0%)" in cut_table({}, {}, count(204_000, 9), count(57_100, 9))


@pytest.fixture
def about():
    """How the made-up rows were measured."""
    return {"command": "ppmobile slim run", "date": "today", "cpu": "one", "cores": 1, "threads": 1,
            "paddlepaddle": "3", "python": "3.9"}


def test_what_did_not_pay_and_noise_stand_in_the_markdown(rows, about, tmp_path):
    rows[1].update(keep=False, why="too much lost")
    rows[1]["runtimes"]["paddle-int8"]["noise"] = 0.5
    slim_report.write(tmp_path, rows, rows[1], about)
    text = (tmp_path / "slim.md").read_text(encoding="utf-8")
    assert "The net to take: runs/a/01_ptq (it did not pay: too much lost)\n\nthe times of 01_ptq" in text
    assert json.loads((tmp_path / "slim.json").read_text(encoding="utf-8"))["result"] == "runs/a/01_ptq"


def test_plain_numbers_and_the_net_to_take(rows, about, tmp_path):
    slim_report.write(tmp_path, rows, rows[1], about)
    with (tmp_path / "slim.csv").open(encoding="utf-8") as file:
        last = list(csv.DictReader(file))[-1]
    assert (last["runtime"], last["runtime_value"], last["runtime_test"]) == ("paddle-int8", "0.88", "0.85")
    assert (last["value"], last["test"], last["times_as_fast"]) == ("0.9", "0.87", "2.5")
    assert "The net to take: runs/a/01_ptq" in (tmp_path / "slim.md").read_text(encoding="utf-8")
    known = json.loads((tmp_path / "slim.json").read_text(encoding="utf-8"))
    assert known["result"] == "runs/a/01_ptq" and "samples" not in known["rows"][0]["score"]


def test_times_are_compared_on_the_same_runtime_or_its_librarys_floats():
    start = {"runtimes": {"paddle-fp32": {"median_ms": 10.0}, "openvino-fp32": {"median_ms": 6.0}, "lite-fp32": {}}}
    found = [slim_report.base(start, name) for name in ("openvino-fp32", "openvino-int8", "paddle-int8", "lite-fp32")]
    assert found == ["openvino-fp32", "openvino-fp32", "paddle-fp32", "paddle-fp32"]
    assert slim_report.base_ms(start, "openvino-int8") == 6.0
    nothing = {"runtimes": {}}
    assert slim_report.base(nothing, "paddle-fp32") is None and slim_report.base_ms(nothing, "paddle-int8") is None
