"""Runtimes tried and timed in a process of their own, so that one that crashes takes nobody along.

`python -m ppmobile.predict.trial TASK FILE`: TASK is JSON {"folder", "threads", "trusted": names, "unproven": names};
FILE receives a line of JSON for each finding: {"begin": name} before a runtime is touched, then {"name", "reason"} if
it does not work or answers wrongly, or {"name", "ms"} with its median time in milliseconds. {"problem"} alone says
that none was tried, for the golden sample cannot be replayed.
"""

import functools
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from ..artefact import read
from ..errors import PPMobileError
from ..wording import brief
from .replay import Replay
from .runtimes import check_name, open_runtime

ROUNDS, RUNS = 4, 10  # the first round is the warm-up
PATIENCE = 1.0  # seconds for the runs of one round: a slow net shows its speed in fewer
CALM = 0.25  # seconds until the idle threads of the runtime before have gone to sleep
UNPROVEN = "no fp32 runtime answers rightly here, to compare it with; ppmobile verify can prove it"


def main(task, file):
    """Try the runtimes of the JSON text `task`, and write what was found to `file`."""
    task, opened = json.loads(task), {}
    with open(file, "w", encoding="utf-8") as out:
        def tell(**finding):
            out.write(json.dumps(finding) + "\n")
            out.flush()

        try:
            trial = _Trial(read(task["folder"]), task)
        except PPMobileError as error:
            tell(problem=str(error))
            return
        names = [*task["trusted"], *task["unproven"]]
        for name in sorted(names, key=lambda name: check_name(name)[1] != "fp32"):  # the others are compared with them
            tell(begin=name)
            runtime, reason = trial.admit(name)
            if reason:
                tell(name=name, reason=reason)
            else:
                opened[name] = runtime
        for name, seconds in _times(opened, trial.replay.image, tell, CALM if task["threads"] > 1 else 0).items():
            tell(name=name, ms=round(1e3 * float(np.median(seconds)), 4))
    for runtime in opened.values():  # Paddle Lite has a process to end
        runtime.close()


class _Trial:
    """What runtimes have to answer. exact: the first fp32 Runtime that was right."""

    def __init__(self, artefact, task):
        self.artefact, self.threads, self.trusted, self.exact = artefact, task["threads"], task["trusted"], None
        self.replay = Replay(artefact)

    @functools.cached_property
    def inputs(self):
        """The golden picture, a blank one and variations, as tensors."""
        return self.replay.varied()

    @functools.cached_property
    def want(self):
        """The answers of `exact` to `inputs`."""
        return self.replay.answers(self.exact.run, self.inputs)

    def admit(self, name):
        """(open Runtime, '') or (None, why not)."""
        try:
            runtime = open_runtime(name, self.artefact, self.threads)
            reason = self._fault(runtime, name)
            if reason:
                runtime.close()
        except PPMobileError as error:
            return None, str(error)
        except Exception as error:  # each library has errors of its own
            return None, f"it fails: {brief(error, 200)}"
        return (None, reason) if reason else (runtime, "")

    def _fault(self, runtime, name):
        """What is wrong with a runtime's answers, or why that cannot be known; '' if they are right, or trusted."""
        precision = check_name(name)[1]
        got = self.replay.answers(runtime.run, [self.replay.image])
        if precision == "fp32":
            reason = "" if name in self.trusted else self.replay.disagreement(got)
            self.exact = self.exact or (None if reason else runtime)
            return reason
        if name in self.trusted:
            return ""
        if self.exact is None:
            return UNPROVEN
        return self.replay.unlike(precision, self.replay.answers(runtime.run, self.inputs), self.want)


def _times(opened, image, tell, calm):
    """{name: seconds of each run}, measured in turns, so that whatever else the machine does hits all alike."""
    seconds = {name: [] for name in opened}
    for number in range(ROUNDS):
        for name, runtime in opened.items():
            tell(begin=name)
            time.sleep(calm)
            took = _round(runtime, image)
            seconds[name] += took if number else []
    return seconds


def _round(runtime, image):
    """Seconds of each of some runs in a row."""
    took = []
    while len(took) < RUNS and sum(took) < PATIENCE:
        start = time.perf_counter()
        runtime.run(image)
        took.append(time.perf_counter() - start)
    return took


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
    os._exit(0)  # libraries have crashed while the process was taken down, with all findings told
