"""The search for a budget: how strongly is cut, what a net that is made counts as, what is refused, what is kept."""

import json
import re
import shutil

import pytest
from budgets import wanted
from in_process import measure_here

from ppmobile.artefact import read
from ppmobile.cli import main
from ppmobile.errors import ConfigError, PPMobileError
from ppmobile.schema import Budget
from ppmobile.slim import budget, candidates, pipeline
from ppmobile.slim.budget import Found, distance, judged, search
from ppmobile.slim.select import STRONGEST

QUIET = {"say": lambda line: None}
PRUNE = {"name": "Prune", "ratio": 0.5, "multiple_of": 4}


def weight_bytes(artefact, *options):
    """Stands for the time of an artefact."""
    return float(artefact.path("inference.pdiparams").stat().st_size)


@pytest.fixture
def by_bytes(monkeypatch):
    """The clock is replaced by the size of the weights."""
    monkeypatch.setattr(candidates, "timed", weight_bytes)


@pytest.fixture
def powers(by_bytes, exported, monkeypatch):
    """How strongly each net was cut that was to be made; each takes what its candidate took."""
    asked = []

    def made(tried, power, *rest):
        asked.append(power)
        ms = tried.ms(power)
        return Found(str(exported), ms, 0.0, ms <= tried.budget.ms)

    monkeypatch.setattr(budget, "made", made)
    return asked


def test_a_stronger_cut_until_the_time_fits(trained, exported, tmp_path, powers):
    full = weight_bytes(read(exported))
    found = search(wanted(trained, tmp_path / "out", ms=0.8 * full), trained, **QUIET)
    assert len(powers) == 1 and 0 < powers[0] < STRONGEST and found.ms <= 0.95 * 0.8 * full
    told = json.loads((tmp_path / "out" / "budget.json").read_text(encoding="utf-8"))
    assert told["best"]["ms"] == found.ms and [one["power"] for one in told["tries"]] == powers


def test_a_budget_below_the_strongest_cut_is_refused_before_any_training(trained, exported, tmp_path, powers):
    whole = weight_bytes(read(exported))
    with pytest.raises(ConfigError, match="slim.budget.ms: 1 cannot be met") as refused:
        search(wanted(trained, tmp_path, ms=1.0), trained, **QUIET)
    nearest = re.search(r"strongest cut, (\S+) ms on paddle-fp32, of the whole net (\S+); wanted are 0.95, 95 %",
                        str(refused.value))
    assert 1 < float(nearest[1]) < float(nearest[2]) == pytest.approx(whole, rel=0.01)
    assert powers == [] and not (tmp_path / "budget.json").exists()


def test_the_nearest_if_what_is_made_takes_longer_than_its_candidate(trained, exported, tmp_path, by_bytes,
                                                                     monkeypatch):
    made = iter([(9e9, 0.0), (8e9, 0.1)])  # far above: no cut is strong enough to make up for it
    monkeypatch.setattr(budget, "made", lambda *rest: Found(str(exported), *next(made), False))
    found = search(wanted(trained, tmp_path, ms=0.8 * weight_bytes(read(exported))), trained, **QUIET)
    assert found == Found(str(exported), 9e9, 0.0, False) and next(made)  # no second net in vain


def test_which_limit_is_missed():
    limits = Budget(ms=0.8, max_drop=0.01)
    for one, said in ((Found("a", 0.67, -0.004, True), "keeps to the budget: 0.67 ms of 0.8 on paddle-fp32, 0.4 points "
                                                       "gained"),
                      (Found("a", 0.67, 0.32, False), "loses more than max_drop, 0.01, allows: 0.67 ms of 0.8 on "
                                                      "paddle-fp32, 32.0 points lost"),
                      (Found("a", 0.84, 0.0, False), "takes longer: 0.84 ms of 0.8"),
                      (Found("a", 0.9, 0.02, False), "takes longer, and loses more"),
                      (Found("a", None, 0.0, False), "but loses too much in int8: no paddle-fp32 within max_drop 0.01, "
                                                     "0.0 points lost in float")):
        assert said in f"{budget.verdict(one, limits)}: {budget.told(one, limits)}"


def test_what_was_tried_is_kept_and_a_cut_chosen_once_stays(trained, exported, tmp_path, powers, monkeypatch):
    config = wanted(trained, tmp_path, ms=0.8 * weight_bytes(read(exported)))
    first = search(config, trained, **QUIET)
    assert search(config, trained, **QUIET) == first and len(powers) == 1  # nothing is made again
    file = tmp_path / "budget.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    told["tries"][0].update(power=7.5, found=None)  # as after Ctrl-C in the first try
    file.write_text(json.dumps(told), encoding="utf-8")
    search(config, trained, **QUIET)
    assert powers[1:] == [7.5]  # although today's times would lead elsewhere
    search(config, trained, overwrite=True, **QUIET)
    assert powers[2] == powers[0]


def test_another_search_in_the_same_folder(trained, exported, tmp_path, powers):
    limit = 0.8 * weight_bytes(read(exported))
    longer = wanted(trained, tmp_path, ms=limit)
    longer.train.epochs = 3
    search(wanted(trained, tmp_path, ms=limit), trained, **QUIET)
    for other, said in ((wanted(trained, tmp_path, ms=2.0), f"slim.budget.ms was {limit} and is 2.0"),
                        (wanted(trained, tmp_path, [PRUNE], ms=limit), "slim.steps"),
                        (longer, r"train.epochs was 2 and is 3")):
        with pytest.raises(PPMobileError, match=f"holds another search: {said}.*; --overwrite begins anew"):
            search(other, trained, **QUIET)
    (tmp_path / "budget.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PPMobileError, match="budget.json: is damaged"):
        search(wanted(trained, tmp_path, ms=limit), trained, **QUIET)
    search(wanted(trained, tmp_path, ms=limit), trained, overwrite=True, **QUIET)


def test_another_teacher_of_the_same_path(trained, exported, tmp_path, powers):
    teacher = shutil.copytree(trained, tmp_path / "teacher")
    config = wanted(trained, tmp_path / "out", [{"name": "Distill", "teachers": [str(teacher)]}],
                    ms=0.8 * weight_bytes(read(exported)))
    first = search(config, trained, **QUIET)
    assert search(config, trained, **QUIET) == first
    with (teacher / "best.safetensors").open("ab") as file:
        file.write(b" ")
    with pytest.raises(PPMobileError, match=r"holds another search: slim.steps.0.teachers.0 was .*contents"):
        search(config, trained, **QUIET)
    shutil.rmtree(teacher)
    with pytest.raises(ConfigError, match="slim.steps.0.teachers.0: .*teacher: no such file or folder"):
        search(config, trained, **QUIET)


def test_a_net_that_loses_too_much_or_takes_too_long(exported):
    limits = Budget(ms=10.0, runtime="paddle-fp32", max_drop=0.01)
    folder = str(exported)
    for ms, value, within in ((9.0, 0.89, True), (10.1, 0.89, False), (9.0, 0.88, False)):  # 0.9 - 0.89 is above 0.01
        rows = [{"score": {"value": 0.9}, "runtimes": {}, "artefact": "s"},
                {"score": {"value": 0.9}, "runtimes": {"paddle-fp32": {"score": {"value": value}}}, "artefact": folder}]
        found = judged(rows, limits, lambda artefact, ms=ms: ms)
        assert found == Found(folder, ms, pytest.approx(0.9 - value), within)


def test_where_int8_lost_too_much_there_are_no_files_to_time(exported):
    rows = [{"score": {"value": 0.9}}, {"score": {"value": 0.8}, "runtimes": {}, "artefact": str(exported)}]
    found = judged(rows, Budget(ms=10.0, runtime="paddle-int8", max_drop=0.2), None)
    assert found == Found(str(exported), None, pytest.approx(0.1), False)


def test_the_best_keeps_to_the_budget_or_is_the_nearest():
    limits = Budget(ms=10.0)
    within, exact, late, later, none = (Found("w", 9.0, 0.009, True), Found("e", 9.4, 0.02, False),
                                        Found("l", 10.1, 0.0, False), Found("m", 12.0, -0.1, False),
                                        Found("n", None, -0.1, False))
    assert sorted([none, later, late, exact, within], key=lambda one: distance(one, limits)) == [
        within, exact, late, later, none]


def test_a_net_that_cannot_be_cut_does_not_keep_a_budget_it_misses(trained, tmp_path, by_bytes):
    config = wanted(trained, tmp_path, [{"name": "Prune", "exclude": ["backbone"], "ratio": 0.5}], ms=1.0)
    with pytest.raises(ConfigError, match="slim.budget.ms: 1 cannot be met"):
        search(config, trained, **QUIET)
    config.slim.budget.ms = 1e9  # and one that it keeps, it keeps as it is
    found = search(config, trained, **QUIET)
    assert found.within and found.drop == 0


def test_the_steps_of_a_net(trained, tmp_path):
    train, int8 = {"name": "Finetune", "train": {"epochs": 1}}, {"name": "PTQ", "algo": "hist", "max_drop": 0.5}
    config = wanted(trained, tmp_path, [PRUNE, train, int8], runtime="openvino-int8", max_drop=0.02)
    cut = {"name": "Prune", "ratios": {"a": 0.5}}
    ptq = {"name": "PTQ", "algo": "hist", "max_drop": 0.02, "targets": ["openvino"]}
    assert budget.steps_of(config, cut) == [cut, train, ptq]
    assert budget.steps_of(config, {"name": "Prune", "ratios": {}}) == [ptq]
    config.slim.budget.runtime = "paddle-fp32"
    assert budget.steps_of(config, cut) == [cut, train]


def test_what_is_refused(trained, tmp_path):
    config = wanted(trained, tmp_path)
    config.slim.budget.runtime = "paddle-int4"
    with pytest.raises(ConfigError, match="slim.budget.runtime: unknown runtime 'paddle-int4'"):
        search(config, trained)
    config.slim.budget = None
    with pytest.raises(ConfigError, match="slim.budget: is missing"):
        search(config, trained)
    with pytest.raises(ConfigError, match=r"slim\.budget\.ms: must be above 0"):
        wanted(trained, tmp_path, ms=0)


@pytest.mark.parametrize(["steps", "said"], [
    ([PRUNE, {"name": "QAT"}], "slim.steps.1: QAT: a budget cuts by Prune and quantizes by PTQ"),
    ([{"name": "Slimming"}], "slim.steps.0: Slimming: a budget cuts by Prune"),
    ([PRUNE, PRUNE], "slim.steps.1: Prune: a budget takes one Prune only"),
    ([{"name": "Prune", "target": {"macs": 0.5}}], "slim.steps.0.target: stands against slim.budget")])
def test_steps_that_a_budget_has_no_use_for(trained, tmp_path, steps, said):
    with pytest.raises(ConfigError, match=said):
        search(wanted(trained, tmp_path, steps), trained)


def interrupted(*options):
    """Ctrl-C."""
    raise KeyboardInterrupt


def test_ctrl_c_while_cuts_are_timed_leaves_nothing_of_an_earlier_search(trained, exported, tmp_path, powers,
                                                                         monkeypatch):
    config = wanted(trained, tmp_path, ms=0.8 * weight_bytes(read(exported)))
    search(config, trained, **QUIET)
    monkeypatch.setattr(candidates, "timed", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search(config, trained, overwrite=True, **QUIET)
    assert not (tmp_path / "budget.json").exists()  # else the command without --overwrite would answer with that


def test_a_real_search_by_the_command(trained, tmp_path, monkeypatch, capsys):
    """The net is cut, exported and timed on this machine; stopped in between, and gone on with."""
    measure_here(monkeypatch)
    monkeypatch.setattr(candidates, "UNSTEADY", 9)  # the machine of this test may be busy
    monkeypatch.setattr(budget, "solve", lambda *rest: 1.0)
    arguments = ["slim", "budget", "-w", str(trained), "-o", "slim.budget.ms=1000", "slim.budget.max_drop=1",
                 "slim.runs=10", f"output={tmp_path / 'out é'}"]
    with monkeypatch.context() as stopped:
        stopped.setattr(pipeline.Works, "carry_out", lambda self, *stage: 130)
        assert main([*arguments, "--overwrite"]) == 130
    again = capsys.readouterr().out.split("go on with: ")[1].splitlines()[0]
    assert again.startswith(f"ppmobile slim budget -w {trained} -o slim.budget.ms=1000") and "--overwrite" not in again
    with monkeypatch.context() as pressed:
        pressed.setattr(candidates, "timed", interrupted)
        assert main([*arguments, "--overwrite"]) == 130  # while the net that is made is timed
    assert capsys.readouterr().out.splitlines()[-1] == f"stopped; go on with: {again}"
    monkeypatch.setattr(budget, "solve", lambda *rest: 2.0)  # which the try that was begun does not ask for
    assert main(arguments) == 0
    assert "keeps to the budget" in capsys.readouterr().out
    folder = tmp_path / "out é"
    assert json.loads((folder / "budget.json").read_text(encoding="utf-8"))["tries"][0]["power"] == 1.0
    rows = json.loads((folder / "try_1" / "slim.json").read_text(encoding="utf-8"))["rows"]
    assert [row["step"] for row in rows] == ["start", "Prune"]
    assert rows[1]["cost"]["macs"] < rows[0]["cost"]["macs"]
