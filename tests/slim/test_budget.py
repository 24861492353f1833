"""The search for a budget: how a candidate is timed, how strongly is cut, and what is refused."""

import copy
import json

import pytest

from ppmobile.artefact import read
from ppmobile.config import from_tree, load, to_dict
from ppmobile.errors import ConfigError
from ppmobile.schema import Budget
from ppmobile.slim import budget
from ppmobile.slim.budget import Candidates, Found, judged, search, timed


def wanted(trained, output, steps=(), **limits):
    """The Config of `trained` with a budget."""
    tree = to_dict(load(trained / "config.yml"))
    tree["slim"] = {"start": str(trained), "steps": list(steps), "budget": {"ms": 5.0, **limits}, "runs": 10}
    return from_tree({**copy.deepcopy(tree), "output": str(output)}, {}, "tiny")


def test_three_quarters_of_the_runs_stay_below(exported, monkeypatch):
    class Stand:
        """A Worker whose runs take 1, 2, .. milliseconds."""

        reason = ""

        def __init__(self, *arguments):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *problem):
            pass

        def run(self, count):
            """As many milliseconds as the number of the run."""
            return list(range(1, count + 1))

    monkeypatch.setattr(budget, "Worker", Stand)
    assert timed(read(exported), "paddle-fp32") == 19.0  # the 0.75 quantile of 1 .. 25 is 1 + 0.75 * 24


def weight_bytes(artefact):
    """Stands for the time of an artefact."""
    return float(artefact.path("inference.pdiparams").stat().st_size)


def test_a_stronger_cut_until_the_time_fits(trained, exported, tmp_path, monkeypatch):
    powers, full = [], weight_bytes(read(exported))

    def made(candidates, power, *rest):
        powers.append(power)
        return Found("a", candidates.ms(power), 0.0, True)

    monkeypatch.setattr(budget, "timed", lambda artefact, *rest: weight_bytes(artefact))
    monkeypatch.setattr(budget, "made", made)
    config = wanted(trained, tmp_path / "out", ms=0.8 * full)
    found = search(config, trained, say=lambda line: None)
    assert len(powers) == 1 and 0 < powers[0] < Candidates.strongest and found.ms <= 0.95 * 0.8 * full
    told = json.loads((tmp_path / "out" / "budget.json").read_text(encoding="utf-8"))
    assert told["best"]["ms"] == found.ms and told["budget"]["ms"] == 0.8 * full


def test_the_nearest_if_nothing_fits(trained, tmp_path, monkeypatch):
    powers = []

    def made(candidates, power, *rest):
        powers.append(power)
        return Found("a", candidates.ms(power), 0.0, False)

    monkeypatch.setattr(budget, "timed", lambda artefact, *rest: weight_bytes(artefact))
    monkeypatch.setattr(budget, "made", made)
    found = search(wanted(trained, tmp_path, ms=1.0), trained, say=lambda line: None)
    assert powers == [Candidates.strongest] and not found.within


def test_a_net_that_loses_too_much_or_takes_too_long(monkeypatch):
    limits = Budget(ms=10.0, runtime="paddle-int8", max_drop=0.01)
    monkeypatch.setattr(budget, "read", lambda folder: folder)
    for ms, value, within in ((9.0, 0.895, True), (9.9, 0.895, False), (9.0, 0.88, False)):
        monkeypatch.setattr(budget, "timed", lambda artefact, runtime, threads, ms=ms: ms)
        rows = [{"score": {"value": 0.9}, "runtimes": {}, "artefact": "s"},
                {"score": {"value": 0.9}, "runtimes": {"paddle-int8": {"score": {"value": value}}}, "artefact": "a"}]
        assert judged(rows, limits) == Found("a", ms, pytest.approx(0.9 - value), within)


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
