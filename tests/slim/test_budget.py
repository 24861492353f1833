"""The search for a budget: how strongly is cut, what a net that is made counts as, what is refused, what is kept."""

import copy
import json

import pytest
from in_process import measure_here

from ppmobile.artefact import read
from ppmobile.cli import main
from ppmobile.config import from_tree, load, to_dict
from ppmobile.errors import ConfigError, PPMobileError
from ppmobile.schema import Budget
from ppmobile.slim import budget, calibrate, candidates, pipeline
from ppmobile.slim.budget import Found, distance, judged, search
from ppmobile.slim.candidates import Candidates, rough_int8, steadiest, timed
from ppmobile.slim.select import STRONGEST
from ppmobile.slim.steps import STEPS

QUIET = {"say": lambda line: None}
PRUNE = {"name": "Prune", "ratio": 0.5, "multiple_of": 4}


def wanted(trained, output, steps=(), **limits):
    """The Config of `trained` with a budget."""
    tree = to_dict(load(trained / "config.yml"))
    tree["slim"] = {"start": str(trained), "steps": list(steps), "budget": {"ms": 5.0, **limits}, "runs": 10}
    return from_tree({**copy.deepcopy(tree), "output": str(output)}, {}, "tiny")


def weight_bytes(artefact, *options):
    """Stands for the time of an artefact."""
    return float(artefact.path("inference.pdiparams").stat().st_size)


@pytest.fixture
def by_bytes(monkeypatch):
    """The clock is replaced by the size of the weights."""
    for module in (budget, candidates):
        monkeypatch.setattr(module, "timed", weight_bytes)


@pytest.fixture
def powers(by_bytes, exported, monkeypatch):
    """How strongly each net was cut that was to be made; each takes what its candidate took."""
    asked = []

    def made(tried, power, *rest):
        asked.append(power)
        ms = tried.ms(power)
        return Found(str(exported), ms, 0.0, ms <= 0.95 * tried.budget.ms)

    monkeypatch.setattr(budget, "made", made)
    return asked


def test_a_stronger_cut_until_the_time_fits(trained, exported, tmp_path, powers):
    full = weight_bytes(read(exported))
    found = search(wanted(trained, tmp_path / "out", ms=0.8 * full), trained, **QUIET)
    assert len(powers) == 1 and 0 < powers[0] < STRONGEST and found.ms <= 0.95 * 0.8 * full
    told = json.loads((tmp_path / "out" / "budget.json").read_text(encoding="utf-8"))
    assert told["best"]["ms"] == found.ms and [one["power"] for one in told["tries"]] == powers


def test_the_nearest_if_nothing_fits(trained, tmp_path, powers):
    found = search(wanted(trained, tmp_path, ms=1.0), trained, **QUIET)
    assert powers == [STRONGEST] and not found.within


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


def test_another_search_in_the_same_folder(trained, tmp_path, powers):
    search(wanted(trained, tmp_path, ms=1.0), trained, **QUIET)
    for other, said in ((wanted(trained, tmp_path, ms=2.0), r"slim.budget.ms was 1.0 and is 2.0"),
                        (wanted(trained, tmp_path, [PRUNE], ms=1.0), "slim.steps")):
        with pytest.raises(PPMobileError, match=f"holds another search: {said}.*; --overwrite begins anew"):
            search(other, trained, **QUIET)
    (tmp_path / "budget.json").write_text("{}", encoding="utf-8")
    with pytest.raises(PPMobileError, match="budget.json: is damaged"):
        search(wanted(trained, tmp_path, ms=1.0), trained, **QUIET)
    search(wanted(trained, tmp_path, ms=1.0), trained, overwrite=True, **QUIET)


def test_a_net_that_loses_too_much_or_takes_too_long(exported, monkeypatch):
    limits = Budget(ms=10.0, runtime="paddle-fp32", max_drop=0.01)
    folder = str(exported)
    for ms, value, within in ((9.0, 0.89, True), (9.9, 0.89, False), (9.0, 0.88, False)):  # 0.9 - 0.89 is above 0.01
        monkeypatch.setattr(budget, "timed", lambda *options, ms=ms: ms)
        rows = [{"score": {"value": 0.9}, "runtimes": {}, "artefact": "s"},
                {"score": {"value": 0.9}, "runtimes": {"paddle-fp32": {"score": {"value": value}}}, "artefact": folder}]
        assert judged(rows, limits) == Found(folder, ms, pytest.approx(0.9 - value), within)


def test_where_int8_lost_too_much_there_are_no_files_to_time(exported):
    rows = [{"score": {"value": 0.9}}, {"score": {"value": 0.8}, "runtimes": {}, "artefact": str(exported)}]
    found = judged(rows, Budget(ms=10.0, runtime="paddle-int8", max_drop=0.2))
    assert found == Found(str(exported), None, pytest.approx(0.1), False)


def test_the_best_keeps_to_the_budget_or_is_the_nearest():
    limits = Budget(ms=10.0)
    within, exact, late, later, none = (Found("w", 9.0, 0.009, True), Found("e", 9.4, 0.02, False),
                                        Found("l", 9.9, 0.0, False), Found("m", 12.0, -0.1, False),
                                        Found("n", None, -0.1, False))
    assert sorted([none, later, late, exact, within], key=lambda one: distance(one, limits)) == [
        within, exact, late, later, none]


def test_a_net_that_cannot_be_cut_does_not_keep_a_budget_it_misses(trained, tmp_path, by_bytes):
    config = wanted(trained, tmp_path, [{"name": "Prune", "exclude": ["backbone"], "ratio": 0.5}], ms=1.0)
    found = search(config, trained, **QUIET)
    assert found.ms > 1.0 and not found.within and found.drop == 0


def test_the_strongest_cut_is_a_step_that_can_be_done(trained, tmp_path):
    part = Candidates(wanted(trained, tmp_path), trained, lambda line: None).part(STRONGEST)
    STEPS.build(part, "slim.steps.0")
    assert part["ratios"] and all(0.99 < ratio < 1 for ratio in part["ratios"].values())


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


@pytest.fixture
def clock(monkeypatch):
    """Workers whose runs take `factor` times 1, 2, .. milliseconds, of the next factor at each call."""

    class Stand:
        """A Worker without a process."""

        reason, factors = "", iter(())

        def __init__(self, *arguments):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *problem):
            pass

        def run(self, count):
            """Milliseconds, by the number of the run."""
            factor = next(Stand.factors, 1)
            return [factor * number for number in range(1, count + 1)]

    monkeypatch.setattr(candidates, "Worker", Stand)
    return Stand


def test_three_quarters_of_the_runs_stay_below(exported, clock):
    assert timed(read(exported), "paddle-fp32") == 19.0  # the 0.75 quantile of 1 .. 25 is 1 + 0.75 * 24


def test_rounds_that_disagree_are_run_again_and_told(exported, clock):
    said = []
    clock.factors = iter([1, 1, 3, 9, 1])  # of the warm-up, and of rounds that disagree
    assert timed(read(exported), "paddle-fp32", 1, said.append) == 19.0 and not said
    clock.factors = iter([1, *[1, 9] * 2, *[1, 2] * 2, *[1, 9] * 2])
    assert timed(read(exported), "paddle-fp32", 1, said.append) == 28.5  # of the steadiest: 19, 38, 19, 38
    assert len(said) == 1 and "took 19.00 to 38.00 ms: something else runs" in said[0]
    assert steadiest(lambda: [1.0, 1.1]) == [1.0, 1.1]


def test_a_candidate_in_int8_runs_and_its_files_are_sealed(trained, tmp_path, copied, calibrated, monkeypatch):
    pictures = Candidates(wanted(trained, tmp_path), trained, lambda line: None).pictures()
    assert pictures.shape == (4, 3, 16, 16)
    monkeypatch.setattr(calibrate, "calibrate", lambda *arguments: calibrated)  # of the same net
    artefact = rough_int8(read(copied), "paddle-int8", pictures)
    assert artefact.has("int8/inference.pdmodel") and 0 < timed(artefact, "paddle-int8") < 1000


def test_a_real_search_by_the_command(trained, tmp_path, monkeypatch, capsys):
    """The net is cut, exported and timed on this machine; stopped in between, and gone on with."""
    measure_here(monkeypatch)
    monkeypatch.setattr(budget, "weakest", lambda *rest: 1.0)
    arguments = ["slim", "budget", "-w", str(trained), "-o", "slim.budget.ms=1000", "slim.budget.max_drop=1",
                 "slim.runs=10", f"output={tmp_path / 'out é'}"]
    with monkeypatch.context() as stopped:
        stopped.setattr(pipeline.Works, "carry_out", lambda self, *stage: 130)
        assert main([*arguments, "--overwrite"]) == 130
    again = capsys.readouterr().out.split("go on with: ")[1].splitlines()[0]
    assert again.startswith(f"ppmobile slim budget -w {trained} -o slim.budget.ms=1000") and "--overwrite" not in again
    monkeypatch.setattr(budget, "weakest", lambda *rest: 2.0)  # which the try that was begun does not ask for
    assert main(arguments) == 0
    assert "keeps to the budget" in capsys.readouterr().out
    folder = tmp_path / "out é"
    assert json.loads((folder / "budget.json").read_text(encoding="utf-8"))["tries"][0]["power"] == 1.0
    rows = json.loads((folder / "try_1" / "slim.json").read_text(encoding="utf-8"))["rows"]
    assert [row["step"] for row in rows] == ["start", "Prune"]
    assert rows[1]["cost"]["macs"] < rows[0]["cost"]["macs"]
