"""The best net within so many milliseconds: how strongly to cut is found on the real runtime, by halving the range."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from ..artefact import read
from ..config import from_tree, to_dict
from ..errors import ConfigError, ExportError
from ..predict.runtimes import check_name
from ..predict.runtimes.needs import FILES
from .candidates import Candidates
from .loss import allowed
from .measure import make_artefact
from .select import STRONGEST, solve
from .steps import STEPS
from .tries import Tries

MARGIN = 0.95  # the share of the budget that a cut is chosen for: the net made of it is measured again
HALVINGS = 6  # candidates that are timed between the weakest and the strongest cut
TRIES = 3  # whole nets that are made, each cut more strongly if the one before was too slow


@dataclass(frozen=True)
class Found:
    """artefact: folder of the net; ms: its time, as of `candidates.timed`, or None where int8 would lose too much
    and so was not written; drop: what the metric lost, 0 to 1; within: whether it keeps to the budget in both.
    """

    artefact: str
    ms: Optional[float]
    drop: float
    within: bool


def search(config, run, overwrite=False, command="called from Python", say=print):
    """The Found nearest to config.slim.budget, from the net of `run`; everything lies below config.output.

    Layers are cut by the ratios of the config's Prune step, if there is one, and else all alike; the steps of the
    config that train then follow, and for an int8 runtime PTQ, which keeps as few layers in float as the accuracy
    asks for. What an earlier call of the same search did is kept, unless `overwrite`. ConfigError without a budget, for
    a runtime that cannot run here, for steps that a budget has no use for, and, before any training, where even the
    strongest cut takes too long; PPMobileError where the machine is too busy for its times to mean anything. None
    after Ctrl-C in a training, when it has been said by which command the search goes on.
    """
    check(config)
    tries, candidates = Tries(config, run, overwrite), Candidates(config, run, say)
    with candidates.files:
        return tried(tries, candidates, overwrite, command, say)


def tried(tries, candidates, overwrite, command, say):
    """The Found of the best of up to TRIES nets, as of `search`."""
    budget, limit = candidates.budget, MARGIN * candidates.budget.ms
    for number in range(1, TRIES + 1):
        power = tries.power(number, lambda limit=limit: solve(candidates.ms, limit, HALVINGS))
        if power is None:
            break  # the strongest cut takes longer, and to train it would be in vain
        one = tries.result(number)
        one = Found(**one) if one else made(candidates, power, number, overwrite, command, say)
        if one is None:
            return None
        tries.put(number, vars(one))
        say(f"try {number}: {told(one, budget)}")
        if one.ms is None or one.ms <= budget.ms or power >= STRONGEST:
            break  # a stronger cut loses more accuracy, or there is none
        limit *= min(MARGIN, MARGIN * budget.ms / one.ms)
    if not tries.results():
        raise out_of_reach(candidates)
    best = min((Found(**one) for one in tries.results()), key=lambda one: distance(one, budget))
    tries.end(vars(best), command)
    return best


def out_of_reach(candidates):
    """The ConfigError that tells the nearest time there is: that of the strongest cut."""
    budget, whole, least = candidates.budget, candidates.ms(0.0), candidates.ms(STRONGEST)
    return ConfigError(f"slim.budget.ms: {budget.ms:g} cannot be met by the layers that may be cut: the nearest is the "
                       f"strongest cut, {least:.4g} ms on {budget.runtime}, of the whole net {whole:.4g}; wanted are "
                       f"{MARGIN * budget.ms:.3g}, {100 * MARGIN:g} % of the budget; raise it, or exclude less")


def distance(one, budget):
    """What of several Founds the best has least of: those within come first, then those that take too long least."""
    late = math.inf if one.ms is None else max(0.0, one.ms - budget.ms)
    return not one.within, late, one.drop


def told(one, budget):
    """A Found in words."""
    if one.ms is None:
        return f"no {budget.runtime} within max_drop {budget.max_drop:g}, {points(one.drop)} in float"
    return f"{one.ms:.2f} ms of {budget.ms:g} on {budget.runtime}, {points(one.drop)}"


def points(drop):
    """What the metric, 0 to 1, lost or gained, in words."""
    return f"{100 * abs(drop):.1f} points {'gained' if drop < 0 else 'lost'}"


def verdict(one, budget):
    """Whether a Found keeps to the budget, and if not, which of its limits it misses, in words."""
    if one.within:
        return "keeps to the budget"
    missed = []
    if one.ms is None:
        missed.append("loses too much in int8")
    elif one.ms > budget.ms:
        missed.append("takes longer")
    if not allowed(one.drop, budget.max_drop):
        missed.append(f"loses more than max_drop, {budget.max_drop:g}, allows")
    return f"is the nearest found, but {', and '.join(missed)}"


def check(config):
    """ConfigError for a config whose budget cannot be searched for."""
    budget = config.slim.budget if config.slim else None
    if budget is None:
        raise ConfigError("slim.budget: is missing; write for example -o slim.budget.ms=12")
    try:
        check_name(budget.runtime)
    except ExportError as error:
        raise ConfigError(f"slim.budget.runtime: {error}") from error
    names = [part["name"] for part in config.slim.steps]
    for place, name in enumerate(names):
        if name == "QAT" or STEPS.get(name).finishes:
            raise ConfigError(f"slim.steps.{place}: {name}: a budget cuts by Prune and quantizes by PTQ; leave it out, "
                              "or do it before, and give that run by -w")
        if name in ("Prune", "PTQ") and name in names[:place]:
            raise ConfigError(f"slim.steps.{place}: {name}: a budget takes one {name} only; leave out the others")
        if config.slim.steps[place].get("target"):
            raise ConfigError(f"slim.steps.{place}.target: stands against slim.budget, which is a target itself; leave "
                              "it out")


def made(candidates, power, number, overwrite, command, say):
    """The Found of a whole net: cut so, trained by the config's steps, quantized for an int8 runtime.

    None after Ctrl-C in a training.
    """
    from . import pipeline

    config, budget = candidates.config, candidates.budget
    steps, folder = steps_of(config, candidates.part(power)), Path(config.output) / f"try_{number}"
    if not steps:
        artefact = make_artefact(candidates.run, folder / "artefact", config, [budget.runtime])
        ms = candidates.time(artefact)
        return Found(str(artefact.folder), ms, 0.0, within(ms, 0.0, budget))
    tree = to_dict(config)
    runtimes = list(dict.fromkeys(["paddle-fp32", budget.runtime]))
    tree["slim"] = {**tree["slim"], "start": str(candidates.run), "steps": steps, "runtimes": runtimes, "undo": False,
                    "threads": budget.threads, "max_drop": budget.max_drop, "budget": None}
    tree["output"] = str(folder)
    own = from_tree(tree, {}, "", config.file)
    again = command.replace(" --overwrite", "")
    if pipeline.run(own, resume=not overwrite, overwrite=True, command=command, say=say, again=again):
        return None
    rows = json.loads((folder / "slim.json").read_text(encoding="utf-8"))["rows"]
    return judged(rows, budget, candidates.time)


def steps_of(config, prune):
    """What is done to the net: the Prune part if it cuts anything, trainings after it, and PTQ for an int8 runtime."""
    budget, steps = config.slim.budget, []
    if prune["ratios"]:
        steps = [prune, *(part for part in config.slim.steps if STEPS.get(part["name"]).trains)]
    if budget.runtime.endswith("int8"):
        part = next((part for part in config.slim.steps if part["name"] == "PTQ"), {"name": "PTQ"})
        steps.append({**part, "max_drop": budget.max_drop, "targets": [budget.runtime.split("-")[0]]})
    return steps


def judged(rows, budget, time):
    """The Found that the rows of a slim.json tell of its last net, which is timed once more by `time(artefact)`."""
    last, now = rows[-1], rows[-1]["runtimes"].get(budget.runtime, {})
    drop = rows[0]["score"]["value"] - (now.get("score") or last["score"])["value"]
    artefact = read(last["artefact"])
    if not artefact.has(*FILES[budget.runtime]):
        return Found(last["artefact"], None, drop, False)
    ms = time(artefact)
    return Found(last["artefact"], ms, drop, within(ms, drop, budget))


def within(ms, drop, budget):
    """Whether a time and a loss of the metric keep to a Budget."""
    return ms <= budget.ms and allowed(drop, budget.max_drop)
