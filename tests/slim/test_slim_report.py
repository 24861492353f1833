"""The report of a slim run, of made-up rows: a start, and a net that PTQ gave int8 files."""

import csv
import json

import pytest

from ppmobile.slim import slim_report


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
    return [{**own, "stage": "00_start", "step": "start", "runtimes": {"paddle-fp32": fp32}},
            {**own, "stage": "01_ptq", "step": "PTQ", "runtimes": {"paddle-fp32": fp32, "paddle-int8": int8},
             "keep": True, "why": "2.50x"}]


def test_what_int8_files_score_is_told_beside_the_net(rows):
    head, _, start, ptq = slim_report.table(rows)
    cells = dict(zip(head.strip("| ").split(" | "), ptq.strip("| ").split(" | ")))
    assert cells["top1 of the net on val (95 %)"] == "90.0 (90.0 to 90.0)"
    assert cells["the net on test"] == "87.0 (87.0 to 87.0)"
    assert cells["paddle-int8 ms, p90, times as fast"] == (
        "4.00, 5.00, 2.50x; top1 88.0 (88.0 to 88.0), -2.0 (-2.0 to -2.0) to the start; on test 85.0 (85.0 to 85.0)")
    assert " - | " in start and cells["keep"] == "yes"


def test_a_simulation_is_called_one(rows):
    rows[1]["simulated"] = True
    assert "90.0 (90.0 to 90.0) in simulated int8" in slim_report.table(rows)[3]


def test_plain_numbers_and_the_net_to_take(rows, tmp_path):
    about = {"command": "ppmobile slim run", "date": "today", "cpu": "one", "cores": 1, "threads": 1,
             "paddlepaddle": "3", "python": "3.9", "result": "runs/a/01_ptq"}
    slim_report.write(tmp_path, rows, about)
    with (tmp_path / "slim.csv").open(encoding="utf-8") as file:
        last = list(csv.DictReader(file))[-1]
    assert (last["runtime"], last["runtime_value"], last["runtime_test"]) == ("paddle-int8", "0.88", "0.85")
    assert (last["value"], last["test"], last["times_as_fast"]) == ("0.9", "0.87", "2.5")
    assert "The net to take: runs/a/01_ptq" in (tmp_path / "slim.md").read_text(encoding="utf-8")
    known = json.loads((tmp_path / "slim.json").read_text(encoding="utf-8"))
    assert known["result"] == "runs/a/01_ptq" and "samples" not in known["rows"][0]["score"]
