"""The best net within so many milliseconds: how strongly to cut is found on the real runtime, by halving the range."""

import copy
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..artefact import GOLDEN, golden, read, seal
from ..config import from_tree, to_dict
from ..errors import ConfigError, ExportError
from ..files import write_json, write_text
from ..predict.runtimes import check_name, status
from ..profiling.net import input_size, short_export
from ..profiling.workers import Worker
from .coupling import couple
from .cut import cut
from .importance import importance
from .measure import Net, Split, make_artefact
from .select import keep_mask, solve, stronger
from .steps import STEPS

# A budget must hold when it is measured again: three quarters of all runs stay within this share of it.
MARGIN, QUANTILE = 0.95, 0.75
ROUNDS, RUNS, WARM_UP = 4, 25, 10
HALVINGS = 6  # candidates that are timed between the weakest and the strongest cut
TRIES = 3  # whole nets that are made, each cut more strongly if the one before was too slow
CALIBRATED = 4  # pictures for a candidate's int8, which is only timed
RATIO = 0.5  # of all layers alike, made stronger or weaker, where the config names no ratios


@dataclass(frozen=True)
class Found:
    """artefact: folder of the net; ms: its time, measured as in `timed`; drop: what the metric lost; within: whether it
    keeps to the budget in both.
    """

    artefact: str
    ms: float
    drop: float
    within: bool


def search(config, run, overwrite=False, command="called from Python", say=print):
    """The Found nearest to config.slim.budget, from the net of `run`; everything lies below config.output.

    Layers are cut by the ratios of the config's Prune step, if there is one, and else all alike; the steps of the
    config that train then follow, and for an int8 runtime PTQ, which keeps as few layers in float as the accuracy
    asks for. ConfigError without a budget, and for a runtime that cannot run here.
    """
    budget = config.slim.budget if config.slim else None
    if budget is None:
        raise ConfigError("slim.budget: is missing; write for example -o slim.budget.ms=12")
    try:
        check_name(budget.runtime)
    except ExportError as error:
        raise ConfigError(f"slim.budget.runtime: {error}") from error
    candidates, found = Candidates(config, run, say), []
    limit = MARGIN * budget.ms
    for number in range(1, TRIES + 1):
        power = solve(candidates.ms, limit, HALVINGS)
        strongest = power is None
        one = made(candidates, candidates.strongest if strongest else power, number, overwrite, command, say)
        found.append(one)
        say(f"try {number}: {one.ms:.2f} ms of {budget.ms:g}, {100 * one.drop:+.1f} points lost")
        if one.within or strongest or one.ms <= MARGIN * budget.ms:
            break
        limit *= min(0.95, MARGIN * budget.ms / one.ms)
    best = min(found, key=lambda one: (not one.within, one.ms > MARGIN * budget.ms, one.drop))
    write_json(Path(config.output) / "budget.json", {"budget": vars(budget), "command": command,
                                                     "tries": [vars(one) for one in found], "best": vars(best)})
    return best


class Candidates:
    """Cuts of a run's net by one number, the power of `select.stronger`, and their times without any training."""

    strongest = 64.0  # the largest that `solve` tries

    def __init__(self, config, run, say):
        self.config, self.run, self.say, self.budget = config, run, say, config.slim.budget
        self.net = Net(run, config)
        self.split = Split(config, "val", self.net.classes, self.net.saved.path)
        part = next((part for part in config.slim.steps if part["name"] == "Prune"), {"name": "Prune", "ratio": RATIO})
        self.step = STEPS.build({**part, "target": {}}, "slim.steps")
        self.coupling = couple(self.net.model, input_size(config))
        self.ratios = self.step.wanted(self.coupling)
        self.scores = {group.name: importance(self.net.model, self.coupling, group, self.step.importance)
                       for group in self.coupling.groups}
        self.known = {}

    def ms(self, power):
        """Milliseconds of the net cut so; nets of equal widths are timed once."""
        mask = keep_mask(self.coupling, self.scores, stronger(self.ratios, power), self.step.multiple_of)
        if mask.tobytes() not in self.known:
            model = copy.deepcopy(self.net.model)
            cut(model, self.coupling, mask)
            with short_export(model, self.net.config, self.net.classes) as artefact:
                if self.budget.runtime.endswith("int8"):
                    artefact = rough_int8(artefact, self.budget.runtime, self.pictures())
                self.known[mask.tobytes()] = timed(artefact, self.budget.runtime, self.budget.threads)
            self.say(f"{int(mask.sum())} of {len(mask)} channels: {self.known[mask.tobytes()]:.2f} ms")
        return self.known[mask.tobytes()]

    def pictures(self):
        """(CALIBRATED, 3, H, W) float32 of the split val."""
        from ..engine.run import eval_loader

        batch = next(iter(eval_loader(self.config, self.split.dataset).epoch(0)))
        return np.asarray(batch["image"][:CALIBRATED], np.float32)

    def part(self, power):
        """The Prune step that cuts so."""
        ratios = {name: ratio for name, ratio in stronger(self.ratios, power).items() if ratio > 0}
        return {"name": "Prune", "importance": self.step.importance, "multiple_of": self.step.multiple_of,
                "ratios": ratios}


def timed(artefact, runtime, threads=1):
    """Milliseconds that three quarters of the runs of an Artefact stay below, the median of several rounds.

    ConfigError if the runtime cannot run it.
    """
    reason = status(runtime, artefact)
    if reason:
        raise ConfigError(f"slim.budget.runtime: {runtime}: {reason}")
    with Worker(artefact.folder, runtime, threads) as worker:
        if worker.reason:
            raise ConfigError(f"slim.budget.runtime: {runtime}: {worker.reason}")
        worker.run(WARM_UP)
        rounds = [np.quantile(worker.run(RUNS), QUANTILE) for _ in range(ROUNDS)]
    return float(np.median(rounds))


def rough_int8(artefact, runtime, images):
    """The Artefact with int8 files of all layers for one runtime, whose answers nobody will see."""
    from .calibrate import calibrate
    from .ptq import target
    from .targets import Material

    with tempfile.TemporaryDirectory(prefix="ppmobile-") as work:
        quantized = calibrate(artefact.folder, images, ("abs_max",), Path(work))["abs_max"]
        made = target(runtime.split("-")[0], Material(artefact, quantized, images, Path(work)))
        made.build(made.always_float())
        made.finish()
    deploy = {**artefact.deploy, "quantization": {"targets": {}}}
    write_text(artefact.path(GOLDEN), json.dumps({**golden(artefact.folder), "deploy": deploy}) + "\n")
    seal(artefact.folder, deploy)
    return read(artefact.folder)


def made(candidates, power, number, overwrite, command, say):
    """The Found of a whole net: cut so, trained by the config's steps, quantized for an int8 runtime."""
    from . import pipeline

    config, budget = candidates.config, candidates.budget
    int8 = budget.runtime.endswith("int8")
    trainings = [part for part in config.slim.steps if STEPS.get(part["name"]).trains and part["name"] != "QAT"]
    prune = candidates.part(power)
    steps = [prune, *trainings] if prune["ratios"] else []
    steps += [{"name": "PTQ", "max_drop": budget.max_drop}] if int8 else []
    folder = Path(config.output) / f"try_{number}"
    if not steps:
        artefact = make_artefact(candidates.run, folder / "artefact", config, [budget.runtime])
        return Found(str(artefact.folder), timed(artefact, budget.runtime, budget.threads), 0.0, True)
    tree = to_dict(config)
    runtimes = list(dict.fromkeys(["paddle-fp32", budget.runtime]))
    tree["slim"] = {**tree["slim"], "start": str(candidates.run), "steps": steps, "runtimes": runtimes,
                    "threads": budget.threads, "max_drop": budget.max_drop, "budget": None}
    tree["output"] = str(folder)
    own = from_tree(tree, {}, "", config.file)
    if pipeline.run(own, resume=not overwrite, overwrite=True, command=command, say=say):
        raise KeyboardInterrupt  # what is done is kept, and found again by the same command
    rows = json.loads((folder / "slim.json").read_text(encoding="utf-8"))["rows"]
    return judged(rows, budget)


def judged(rows, budget):
    """The Found that the rows of a slim.json tell of its last net, which is timed once more."""
    last, now = rows[-1], rows[-1]["runtimes"].get(budget.runtime, {})
    ms = timed(read(last["artefact"]), budget.runtime, budget.threads)
    drop = rows[0]["score"]["value"] - (now.get("score") or last["score"])["value"]
    return Found(last["artefact"], ms, drop, ms <= MARGIN * budget.ms and drop <= budget.max_drop)
