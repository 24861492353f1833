"""Runtimes tried and timed in a process of their own, so that one that crashes takes nobody along.

`python -m ppmobile.predict.trial TASK FILE`: TASK is JSON {"folder", "threads", "trusted": names, "unproven": names};
FILE receives a line of JSON for each finding: {"begin": name} before a runtime is touched, then {"name", "reason"} if
it does not work or answers wrongly, or {"name", "ms"} with its median time in milliseconds.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from ..artefact import read
from ..errors import PPMobileError
from ..wording import brief
from .replay import disagreement, golden_pair
from .runtimes import check_name, open_runtime

ROUNDS, RUNS = 4, 10  # the first round is the warm-up
PATIENCE = 1.0  # seconds for the runs of one round: a slow net shows its speed in fewer
CALM = 0.25  # seconds until the idle threads of the runtime before have gone to sleep


def main(task, file):
    """Try the runtimes of the JSON text `task`, and write what was found to `file`."""
    task = json.loads(task)
    artefact = read(task["folder"])
    image, expected = golden_pair(artefact)
    with open(file, "w", encoding="utf-8") as out:
        def tell(**finding):
            out.write(json.dumps(finding) + "\n")
            out.flush()

        opened = {}
        for name in [*task["trusted"], *task["unproven"]]:
            tell(begin=name)
            runtime, reason = _try(artefact, name, task["threads"], image, expected, name in task["trusted"])
            if reason:
                tell(name=name, reason=reason)
            else:
                opened[name] = runtime
        for name, seconds in _times(opened, image, tell, CALM if task["threads"] > 1 else 0).items():
            tell(name=name, ms=round(1e3 * float(np.median(seconds)), 4))


def _try(artefact, name, threads, image, expected, trusted):
    """(open Runtime, '') or (None, why not)."""
    try:
        runtime = open_runtime(name, artefact, threads)
        answer = runtime.run(image)[0]
    except PPMobileError as error:
        return None, str(error)
    except Exception as error:  # each library has errors of its own
        return None, f"it fails: {brief(error, 200)}"
    reason = "" if trusted else disagreement(check_name(name)[1], answer, expected)
    return (None, reason) if reason else (runtime, "")


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
