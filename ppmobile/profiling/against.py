"""Training speed of YOLOv3-MobileNetV3-large beside PaddleDetection's own, on the same pictures, in turns."""

import json
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

from ..errors import PPMobileError
from ..mkl import VARIABLE, unlock
from . import paddledetection, training
from .made import write_made

CONFIG = Path("configs", "detect", "yolov3_mobilenet_v3_large.yml")
SIZE, BATCH = 320, 8
START, END = "<!-- tables: tools/against_paddledetection.py -->", "<!-- end of the tables -->"
PICTURES = 64
OURS = {"ppmobile, 1 process": (1, None), "ppmobile, 2 processes": (2, None),
        "ppmobile, 1 process, MKL as it is": (1, "0")}  # processes, value of mkl.VARIABLE
THEIRS = "PaddleDetection, 1 process"
THEIRS_TOO = "PaddleDetection, 1 process, MKL as ppmobile sets it"


def compare(checkout, python, root, steps, rounds, tell=print):
    """(rows {what, img_per_s, core, ratio}, {whose pipeline: pictures a second of a core}), all in turns, medians.

    checkout: a folder of PaddleDetection. python: the Python it runs with. root: folder of our configs. ratio: to
    PaddleDetection as it is; from img_per_s with 2 processes, else from core, which a busy machine hardly changes.
    tell: called with a line on each measurement, since all take long.
    """
    found, pipelines = {}, {}
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
        made = write_made(folder, "detect", PICTURES)
        for _ in range(rounds):
            for what in (THEIRS, *OURS, THEIRS_TOO):
                if what in OURS:
                    found.setdefault(what, []).append(ours(root, made, steps, *OURS[what]))
                else:
                    result = theirs(checkout, python, folder, steps, unlock({}) if what == THEIRS_TOO else None)
                    found.setdefault(what, []).append(result["step"])
                    for key in ("reader", "reader_without_mixup"):
                        pipelines.setdefault(f"PaddleDetection's {key.replace('_', ' ')}", []).append(result[key])
                tell("{}: {:.2f} img/s, {:.2f} of a core's time".format(what, *found[what][-1]))
            rates = training.measured(arguments(root), 25, {"made": made, "own": False, "processes": 0})["rates"]
            for name, rate in rates.items():
                pipelines.setdefault(f"ppmobile, {name}", []).append(rate)
    return rows_of(found), {name: statistics.median(rates) for name, rates in pipelines.items()}


def rows_of(found):
    """The rows of compare from {what: [[img/s, img/s of a core's time] of each round]}; the first is the base."""
    rows = []
    for what, results in found.items():
        rate, core = (statistics.median(column) for column in zip(*results))
        compared = (rate, "img_per_s") if "2 processes" in what else (core, "core")
        rows.append({"what": what, "img_per_s": rate, "core": core})
        rows[-1]["ratio"] = compared[0] / rows[0][compared[1]]
    return rows


def arguments(root):
    """The arguments of `bench train` for our config at SIZE and BATCH."""
    return ["-c", str(Path(root) / CONFIG), "-o", f"train.batch_size={BATCH}", "data.workers=0", "--size", str(SIZE)]


def ours(root, made, steps, processes, mkl):
    """[img/s, img/s of a core's time] of our training on one batch, so without data. mkl: value of VARIABLE."""
    about = {"made": made, "own": False, "processes": processes, "kept": True}
    result = training.measured(arguments(root), steps, about, {VARIABLE: mkl} if mkl else {})
    return result["rates"]["training"], result["core"]


def theirs(checkout, python, pictures, steps, mkl):
    """What paddledetection.py prints, with MKL told `mkl`, or as it is by itself."""
    environ = {name: value for name, value in os.environ.items() if name not in (VARIABLE, "PYTHONPATH")}
    command = [python, paddledetection.__file__, checkout, pictures, str(SIZE), str(BATCH), str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, env={**environ, **({VARIABLE: mkl} if mkl else {})})
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"step"')]
    if done.returncode or not lines:
        raise PPMobileError(f"{checkout}: PaddleDetection did not run with {python}; install what it needs there: "
                            f"{done.stderr.strip().splitlines()[-1] if done.stderr.strip() else 'it said nothing'}")
    return json.loads(lines[-1])


def page(rows, pipelines):
    """The two tables as Markdown."""
    lines = ["| training step, 320 px, batch 8 | img/s | img/s of a core's time | ratio |", "|---|---|---|---|"]
    lines += [f"| {row['what']} | {row['img_per_s']:.2f} | {row['core']:.2f} | {row['ratio']:.2f} |" for row in rows]
    lines += ["", "| data pipeline, 640x480 JPEGs | img/s of a core's time |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {rate:.0f} |" for name, rate in pipelines.items())]) + "\n"


def insert(text, tables):
    """The page `text` with `tables` between START and END, at its end if it has them not yet."""
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    return f"{before}{START}\n\n{tables}\n{END}{after or chr(10)}"
