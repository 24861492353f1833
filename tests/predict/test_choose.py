"""The automatic choice: fastest of those proven right; verify.json counts only for these files and this machine."""

import json

import pytest

from ppmobile import artefact
from ppmobile.doctor import cpu, installed
from ppmobile.errors import ExportError
from ppmobile.predict import choose
from ppmobile.predict.runtimes import NAMES

USABLE = ("paddle-fp32", "paddle-bf16", "onnx-fp32")
TIMES = {"paddle-fp32": 4.0, "paddle-bf16": 2.5, "onnx-fp32": 3.0}


@pytest.fixture
def found(copied, alone, monkeypatch):
    """An Artefact for which three runtimes could be used; `measured` lists what was asked to be measured."""
    found = artefact.read(copied)
    found.measured = []
    monkeypatch.setattr(choose, "status", lambda name, _: "" if name in USABLE else f"no {name}")

    def measure(_, threads, trusted, unproven):
        found.measured.append((threads, trusted, unproven))
        return {name: TIMES[name] for name in [*trusted, *unproven]}, {}, {}

    monkeypatch.setattr(choose, "measure", measure)
    return found


def verdicts(found, passed=(), failed=(), **changes):
    """Write a verify.json of this machine, with some parts changed."""
    model, features = cpu()
    runtimes = {**{name: {"passed": True, "reason": ""} for name in passed},
                **{name: {"passed": False, "reason": "differs at stem"} for name in failed}}
    whole = {"format": 1, "artefact": found.digest, "machine": {"cpu": model, "features": sorted(features or ())},
             "versions": {"numpy": installed("numpy")}, "runtimes": runtimes, **changes}
    found.path("verify.json").write_text(json.dumps(whole), encoding="utf-8")


def test_the_fastest_is_taken_and_remembered(found):
    for _ in range(2):
        assert choose.choose(found) == (
            "paddle-bf16", "paddle-bf16 2.50 ms; onnx-fp32 3.00 ms; paddle-fp32 4.00 ms")
    assert found.measured == [(1, [], list(USABLE))]
    choose.choose(found, threads=2)
    assert len(found.measured) == 2


def test_what_verify_found_decides(found):
    verdicts(found, passed=("paddle-fp32",), failed=("paddle-bf16",))
    assert choose.choose(found) == ("onnx-fp32", "onnx-fp32 3.00 ms; paddle-fp32 4.00 ms; paddle-bf16 left out "
                                    "(failed verify: differs at stem)")
    assert found.measured == [(1, ["paddle-fp32"], ["onnx-fp32"])]


@pytest.mark.parametrize("changes", [
    {"artefact": "0" * 64}, {"machine": {"cpu": "Another CPU", "features": []}}, {"versions": {"numpy": "0.9"}},
    {"machine": None}, {"runtimes": None},
])
def test_a_verification_of_something_else_does_not_count(found, changes):
    verdicts(found, failed=("paddle-bf16",), **changes)
    assert choose.verified(found) == {} and choose.choose(found)[0] == "paddle-bf16"


def test_a_damaged_verification_or_cache_does_not_count(found, alone):
    found.path("verify.json").write_text("[" * 100_000, encoding="utf-8")
    assert choose.verified(found) == {}
    found.path("verify.json").write_text("[1", encoding="utf-8")
    assert choose.choose(found)[0] == "paddle-bf16"
    for file in (alone / "runtimes").iterdir():
        file.write_text('{"times": 3}', encoding="utf-8")
    assert choose.choose(found)[0] == "paddle-bf16" and len(found.measured) == 2


def test_a_cache_that_cannot_be_written_costs_time_only(found, alone):
    alone.write_text("a file, not a folder", encoding="utf-8")
    assert [choose.choose(found)[0] for _ in range(2)] == ["paddle-bf16"] * 2 and len(found.measured) == 2


def test_lite_is_the_last_resort(found, monkeypatch):
    monkeypatch.setattr(choose, "status", lambda name, _: "" if name == "lite-fp32" else "no")
    monkeypatch.setitem(TIMES, "lite-fp32", 9.0)
    assert choose.choose(found) == ("lite-fp32", "lite-fp32 9.00 ms")


def test_none_can_be_used(found, monkeypatch):
    monkeypatch.setattr(choose, "status", lambda name, _: f"no {name}")
    monkeypatch.setattr(choose, "measure", lambda *_: ({}, {}, {}))
    with pytest.raises(ExportError, match="no runtime can be used here: paddle-fp32: no paddle-fp32; paddle-bf16"):
        choose.choose(found)
    monkeypatch.setattr(choose, "status", lambda name, _: "" if name == "onnx-fp32" else "no")
    monkeypatch.setattr(choose, "measure", lambda *_: ({}, {"onnx-fp32": "it answers nonsense"}, {}))
    with pytest.raises(ExportError, match="no runtime can be used here: onnx-fp32: it answers nonsense$"):
        choose.choose(found, threads=3)


def test_a_runtime_that_kills_the_process_is_left_out(found, monkeypatch):
    monkeypatch.undo()
    tried = []

    def trial(task):
        left = task["trusted"] + task["unproven"]
        tried.append(left)
        if "paddle-bf16" in left:
            return "its process failed", [{"name": "onnx-fp32", "reason": "wrong"}], "paddle-bf16"
        return "", [{"name": name, "ms": TIMES[name]} for name in left], left[-1]

    monkeypatch.setattr(choose, "_trial", trial)
    times, failures, crashes = choose.measure(found, 1, ["paddle-fp32"], ["onnx-fp32", "paddle-bf16"])
    assert times == {"paddle-fp32": 4.0} and tried[1] == ["paddle-fp32"]
    assert failures == {"onnx-fp32": "wrong"} and crashes == {"paddle-bf16": "its process failed"}


@pytest.fixture
def ending(found, monkeypatch):
    """A function that lets the one trial there may be end with a result of `_trial`."""
    monkeypatch.undo()
    results = []
    monkeypatch.setattr(choose, "_trial", lambda task: results.pop())
    return lambda *result: results.append(result)


def test_findings_that_are_complete_survive_a_crash_afterwards(found, ending):
    findings = [{"name": "paddle-fp32", "ms": 4.0}, {"name": "onnx-fp32", "reason": "wrong"}]
    ending("its process failed", findings, "paddle-fp32")
    assert choose.measure(found, 1, [], ["paddle-fp32", "onnx-fp32"]) == (
        {"paddle-fp32": 4.0}, {"onnx-fp32": "wrong"}, {})


def test_a_process_that_ends_before_any_runtime_is_tried_once(found, ending):
    ending("no process to try it in", [], "")
    names = ["paddle-fp32", "onnx-fp32"]
    assert choose.measure(found, 1, [], names) == ({}, {}, dict.fromkeys(names, "no process to try it in"))


@pytest.mark.parametrize("outcome", [
    ({"paddle-fp32": 4.0}, {}, {"onnx-fp32": "its process failed: it was ended by SIGKILL"}),
    ({}, {"paddle-fp32": "wrong", "onnx-fp32": "wrong"}, {}),
])
def test_what_may_go_better_the_next_time_is_not_remembered(found, monkeypatch, outcome):
    well = choose.measure
    monkeypatch.setattr(choose, "measure", lambda *_: outcome)
    if outcome[0]:
        assert choose.choose(found)[1] == (
            "paddle-fp32 4.00 ms; onnx-fp32 left out (its process failed: it was ended by SIGKILL)")
    else:
        with pytest.raises(ExportError, match="paddle-fp32: wrong"):
            choose.choose(found)
    monkeypatch.setattr(choose, "measure", well)
    assert choose.choose(found)[0] == "paddle-bf16"


def test_another_version_of_ppmobile_measures_again(found, monkeypatch):
    choose.choose(found)
    monkeypatch.setattr(choose, "__version__", "0.0.0")
    choose.choose(found)
    assert len(found.measured) == 2


def test_the_constants_name_runtimes():
    assert choose.LAST_RESORT in NAMES


def test_all_failed_verify(found):
    verdicts(found, failed=USABLE)
    with pytest.raises(ExportError, match="no runtime can be used here: paddle-fp32: failed verify: differs at stem; "):
        choose.choose(found)
