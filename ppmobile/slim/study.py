"""Measures what int8 costs and gains: tools/ptq_algorithms.py ARTEFACT CONFIG ... --page docs/results/ptq.md.

The artefacts of one page are of one task: its measure names the columns. Each job has a process of its own
(study_rows.py), since the libraries give no memory back.
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ..artefact import read
from ..cli import fail
from ..doctor import cores, cpu, installed
from ..errors import PPMobileError
from ..export.trained import by_hand
from ..files import write_json, write_text
from .calibrate import ALGORITHMS

ROOT = Path(__file__).resolve().parents[2]
SHOWN = [name for name in (*ALGORITHMS, "auto") if name not in ("mse", "kl")]  # those only on request: they take long
DROPS = (0.01, 0.02)
COUNT = 64  # pictures to calibrate on
PACKAGES = ("paddlepaddle", "paddleslim", "paddlelite", "onnxruntime", "nncf", "openvino")
RANGES = ["model", "fp32 {measure}", "ranges", "all int8", "as fp32", "simulated", "float for 2 points",
          "{measure} then", "speed"]
RESULTS = ["model", "fp32 {measure}", "max-drop", "target", "{measure}", "as fp32", "in float", "MB", "x same fp32",
           "x paddle-fp32", "layers"]
AGREEMENT = {"top1": "the share of answers that fp32 gives, too",
             "map50": "the share, by score, of the boxes over the threshold for drawing (of int8 and of\nfp32) that "
                      "the other finds too: same class, IoU 0.5 or more, at least half that score"}
INTRODUCTION = """# int8 after training: what it costs, what it gains

`ppmobile slim ptq` on trained nets, calibrated on {count} pictures of the train split. The layers in float are chosen
on the first 200 pictures of the val split (of a fixed order), and the {measure} is that on the same pictures: that of
new ones may be lower. "as fp32" is {agreement}.

"all int8": {measure} where every layer but squeeze-and-excitation is in int8, by Paddle on oneDNN. "simulated": where
all layers are, by Paddle's plain executor, which rounds as Paddle Lite does on ARM. "float for 2 points": how many of
the worst layers are in float until the {measure} is at most 2 points below fp32. Speed: times as fast as fp32, both
measured in turns.

    {command}
    # {date}, {cpu}, {cores} cores, {versions}

## How the ranges are found

"""
SECOND = """
## All targets, with the default

"in float": layers in float for the accuracy, + those that are anyhow (squeeze-and-excitation in Paddle). MB: of
int8/model_arm.nb / model_arm.nb. Speed on one thread, all runtimes of an artefact measured in turns: times as fast as
fp32 of the same runtime, and as paddle-fp32. lite: simulated, there is no ARM here. layers: those in float for the
accuracy, the worst first.

"""


def main():
    """Make both tables; exit status 1 if a job failed."""
    arguments = _arguments()
    options = arguments.parse_args()
    if len(options.pairs) % 2:
        arguments.error("each ARTEFACT needs its CONFIG behind it")
    try:
        measures = {measure_of(artefact) for artefact in options.pairs[::2]}
    except PPMobileError as error:
        return fail(error)
    if len(measures) > 1:
        arguments.error("the artefacts are of several tasks; make a page for each")
    jobs = [{"artefact": artefact, "config": config, "model": Path(artefact).resolve().name, "count": COUNT}
            for artefact, config in zip(options.pairs[::2], options.pairs[1::2])]
    ranges = [row for job in jobs for algo in options.algo for row in in_process({**job, "algo": algo})]
    results = [row for job in jobs for row in in_process({**job, "drops": DROPS})]
    text = page(measures.pop(), ranges, results)
    if options.page:
        write_text(options.page, text + by_hand(options.page))
    else:
        print(text)
    return int(any(len(row) == 2 for row in (*ranges, *results)))


def _arguments():
    arguments = argparse.ArgumentParser(prog="ptq_algorithms.py", description="measure what int8 costs and gains")
    arguments.add_argument("pairs", nargs="+", metavar="ARTEFACT CONFIG", help="artefacts, each with its config")
    arguments.add_argument("--algo", nargs="+", default=SHOWN, choices=(*ALGORITHMS, "auto"))
    arguments.add_argument("--page", type=Path, metavar="FILE",
                           help="write the page there, but keep the part on what it means; default: print it")
    return arguments


def measure_of(folder):
    """The Measure of the artefact in `folder`."""
    from .judge import judge_of

    return judge_of(read(folder)).measure


def in_process(job):
    """The rows of a job; one of two cells, the model and the reason, if its process fails."""
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
        write_json(Path(folder) / "job.json", job)
        print(job, file=sys.stderr, flush=True)
        path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
        ended = subprocess.run([sys.executable, "-m", "ppmobile.slim.study_rows", f"{folder}/job.json",
                                f"{folder}/rows.json"], env={**os.environ, "PYTHONPATH": path}, check=False,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = ended.stdout.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        if ended.returncode:
            return [[job["model"], f"status {ended.returncode}: {said[-1][-200:]}".replace("|", "/")]]
        return json.loads((Path(folder) / "rows.json").read_text(encoding="utf-8"))


def page(measure, ranges, results):
    """The Markdown page. measure: the Measure of its task."""
    versions = ", ".join(f"{name} {installed(name)}" for name in PACKAGES)
    command = f"python tools/ptq_algorithms.py {' '.join(sys.argv[1:])}"
    name = {"measure": measure.name}
    return INTRODUCTION.format(
        **name, agreement=AGREEMENT[measure.key], count=COUNT, cpu=cpu()[0], cores=cores(), versions=versions,
        date=datetime.date.today().isoformat(), command=command) \
        + table([cell.format(**name) for cell in RANGES], ranges) + SECOND \
        + table([cell.format(**name) for cell in RESULTS], results)


def table(header, rows):
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
