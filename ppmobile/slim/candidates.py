"""Cuts of one net by a single number, and how long each takes on the real runtime before anything is trained."""

import contextlib
import copy
import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

import numpy as np

from ..artefact import GOLDEN, golden, read, seal
from ..errors import ConfigError, ExportError, PPMobileError
from ..files import write_text
from ..predict.runtimes import status
from ..profiling.latency import variation
from ..profiling.net import input_size, short_export
from ..profiling.verdict import NOISY
from ..profiling.workers import Worker
from ..wording import reason
from .coupling import couple
from .cut import cut
from .importance import importance
from .measure import Net, Split
from .select import keep_mask, stronger
from .steps import STEPS
from .steps.prune import HALF

QUANTILE = 0.75  # of the runs: as many stay below the time that is told
ROUNDS, RUNS, WARM_UP = 4, 25, 10
ATTEMPTS = 3  # at rounds that agree
UNSTEADY = 0.30  # beyond it, of rounds or of a cut net against the whole, a time is no ground for a training
YARD = "paddle-fp32"  # which every artefact has
CALIBRATED = 4  # pictures for a candidate's int8, which is only timed
BUSY = "something else runs on this machine; run it again when it is quiet, without --overwrite to keep what is done"


class Candidates:
    """Cuts of the net of `run` by the power of `select.stronger`, and their times on the runtime of slim.budget.

    The ratios that are made stronger or weaker are those of the config's Prune step; where it names none, all are HALF.
    """

    def __init__(self, config, run, say):
        self.config, self.run, self.say, self.budget = config, run, say, config.slim.budget
        self.net = Net(run, config)
        self.split = Split(config, "val", self.net.classes, self.net.saved.path)
        part = next((part for part in config.slim.steps if part["name"] == "Prune"), {"name": "Prune"})
        if not any(part.get(key) for key in ("ratio", "ratios", "sensitivity")):
            part = {**part, "ratio": HALF}
        self.step = STEPS.build({**part, "target": {}}, "slim.steps")
        self.coupling = couple(self.net.model, input_size(config))
        self.ratios = self.step.wanted(self.coupling)
        self.scores = {group.name: importance(self.net.model, self.coupling, group, self.step.importance)
                       for group in self.coupling.groups}
        self.known, self.files, self.yard = {}, contextlib.ExitStack(), None

    def time(self, artefact):
        """Milliseconds of an Artefact on the budget's runtime, as of `timed`, beside the whole net."""
        if self.yard is None:
            whole = self.files.enter_context(short_export(self.net.model, self.net.config, self.net.classes))
            self.yard = Yardstick(whole.folder)
        return timed(artefact, self.budget.runtime, self.budget.threads, self.say, self.yard)

    def ms(self, power):
        """Milliseconds of the net cut so; nets of equal widths are timed once.

        PPMobileError if it is so much slower than the whole net, timed before, that one of the two times is wrong.
        """
        mask = keep_mask(self.coupling, self.scores, stronger(self.ratios, power), self.step.multiple_of)
        if mask.tobytes() not in self.known:
            found, whole = self._timed(mask), self.known.get(np.ones_like(mask).tobytes(), math.inf)
            self.say(f"{int(mask.sum())} of {len(mask)} channels: {found:.2f} ms")
            if found > (1 + UNSTEADY) * whole:
                raise PPMobileError(f"the times contradict each other: {whole:.2f} ms of the whole net, and "
                                    f"{found:.2f} of one with fewer channels; {BUSY}")
            self.known[mask.tobytes()] = found
        return self.known[mask.tobytes()]

    def _timed(self, mask):
        """Milliseconds of a copy of the net, cut to `mask`."""
        model, runtime = copy.deepcopy(self.net.model), self.budget.runtime
        cut(model, self.coupling, mask)
        with short_export(model, self.net.config, self.net.classes, runtime) as artefact:
            if runtime.endswith("int8"):
                artefact = rough_int8(artefact, runtime, self.pictures())
            return self.time(artefact)

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


@dataclass
class Yardstick:
    """The whole net, timed on Paddle in turns with every other: a machine that is slow for a while slows both.

    folder: of its artefact. ms: its time when it was first timed, by which all others are told.
    """

    folder: Path
    ms: Optional[float] = None


def timed(artefact, runtime, threads=1, say=print, yard=None):
    """Milliseconds that three quarters of the runs of an Artefact stay below, the median of several rounds.

    yard: a Yardstick; the time is then told as if the machine were as fast as when that was first timed. Rounds that
    disagree are run again; if they never agree, the steadiest are taken, and it is said. PPMobileError if even those
    are UNSTEADY; ConfigError if the runtime cannot run it.
    """
    with contextlib.ExitStack() as stack:
        workers = [started(stack, artefact.folder, runtime, threads)]
        if yard is not None:
            workers.append(started(stack, yard.folder, YARD, threads))
            yard.ms = yard.ms or float(np.median([round_of(workers[1]) for _ in range(ROUNDS)]))
        rounds = steadiest(lambda: [told_by(yard, *map(round_of, workers)) for _ in range(ROUNDS)])
    told = f"rounds of the same net took {min(rounds):.2f} to {max(rounds):.2f} ms"
    if variation(rounds) > UNSTEADY:
        raise PPMobileError(f"{told}; {BUSY}")
    if variation(rounds) > NOISY:
        say(f"warning: {told}: something else runs on this machine, so the time may be another when it is measured "
            "again")
    return float(np.median(rounds))


def started(stack, folder, runtime, threads):
    """A Worker, warm, that an ExitStack closes; ConfigError if the runtime cannot run the artefact in `folder`."""
    absent = status(runtime, read(folder))
    if absent:
        raise ConfigError(f"slim.budget.runtime: {runtime}: {absent}")
    worker = stack.enter_context(Worker(folder, runtime, threads))
    if worker.reason:
        raise ConfigError(f"slim.budget.runtime: {runtime}: {worker.reason}")
    worker.run(WARM_UP)
    return worker


def round_of(worker):
    """Milliseconds of a round of a Worker."""
    return float(np.quantile(worker.run(RUNS), QUANTILE))


def told_by(yard, own, whole=None):
    """Milliseconds of a round, `own`, by a Yardstick whose round beside it took `whole`; as they are without one."""
    return own if yard is None else own * yard.ms / whole


def steadiest(rounds):
    """What `rounds()` gives first that varies by at most NOISY; of ATTEMPTS that all vary more, the steadiest."""
    found = []
    for _ in range(ATTEMPTS):
        found.append(rounds())
        if variation(found[-1]) <= NOISY:
            break
    return min(found, key=variation)


def rough_int8(artefact, runtime, images):
    """The Artefact with int8 files of all layers for one runtime, whose answers nobody will see.

    ExportError if they cannot be made.
    """
    from .calibrate import calibrate
    from .ptq import check_targets, target
    from .targets import Material

    library = runtime.split("-")[0]
    check_targets(artefact, (library,), "slim.budget.runtime")
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as work:
        quantized = calibrate(artefact.folder, images, ("abs_max",), Path(work))["abs_max"]
        made = target(library, Material(artefact, quantized, images, Path(work)))
        try:
            made.build(made.always_float())
        except PPMobileError:
            raise
        except Exception as error:  # OpenVINO, nncf and ONNX Runtime have no base of their own
            raise ExportError(f"slim.budget.runtime: {runtime}: int8 cannot be made of this net "
                              f"({type(error).__name__}: {reason(error)}); choose another runtime") from error
        made.finish()
    deploy = {**artefact.deploy, "quantization": {"targets": {}}}
    write_text(artefact.path(GOLDEN), json.dumps({**golden(artefact.folder), "deploy": deploy}) + "\n")
    seal(artefact.folder, deploy)
    return read(artefact.folder)
