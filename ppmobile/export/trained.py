"""The page on trained detectors: what verify found of each of their files, and how fast each runs."""

import datetime
import json
import sys

from ..artefact import VERIFY, read
from ..doctor import cores, cpu, installed
from ..errors import ExportError
from ..files import write_text

PAGE = "detection_export.md"
RUNS = 30  # of each runtime, for its time
PACKAGES = ("paddlepaddle", "paddleslim", "paddlelite", "paddle2onnx", "onnxruntime", "nncf", "openvino")
MEANING = "\n## What it means\n"  # what stands behind it is written by hand, and stays when the page is made anew
HEADER = ["stage", "verdict", "boxes", "matched", "overlap", "score error", "relative", "deviation", "ms", "x fp32"]
FORMATS = {"boxes": "d", "matched": ".1%", "overlap": ".3f", "score_error": ".1e", "relative": ".0e",
           "deviation": ".2f"}
INTRODUCTION = """# Trained detectors on every runtime

What `ppmobile verify ARTEFACT -w RUN` said of each artefact (its verify.json), and `ppmobile bench` of the times.
Boxes are matched as ppmobile/export/compare_boxes.py says. eager: the trained net against golden.json; traced: the
exported graph, by Paddle's plain executor, against the trained net; runtimes and full (suppression inside the graph)
against the traced graph.

matched: share of the boxes of both, weighted by score, with a partner of their class; fp32: IoU of 0.99 among the
candidates before suppression, all boxes; bf16 and int8: IoU of 0.5, those over the threshold for drawing. overlap,
score error: of partners; the worst in fp32, else the mean. relative, deviation: of the raw outputs; Faster R-CNN's
are a list of proposals, which has no fixed order. ms: median of {runs} runs of the graph alone, on one thread; x
fp32: times as fast as paddle-fp32, in turns.

    {command}
    # {date}, {cpu}, {cores} cores, {versions}
"""


def make(folders, page):
    """Write the page on the artefacts in `folders`, each verified before; exit status 1 if one did not pass."""
    from ..profiling.latency import bench

    artefacts = [read(folder) for folder in folders]
    reports = [report_of(artefact) for artefact in artefacts]
    versions = ", ".join(f"{name} {installed(name)}" for name in PACKAGES)
    text = INTRODUCTION.format(
        runs=RUNS, date=datetime.date.today().isoformat(), cpu=cpu()[0], cores=cores(), versions=versions,
        command=f"python tools/parity.py {' '.join(sys.argv[1:])}")
    for artefact, report in zip(artefacts, reports):
        text += section(artefact, report, bench([artefact], runs=RUNS))
    write_text(page, text + by_hand(page))
    return int(not all(report["passed"] for report in reports))


def report_of(artefact):
    """The verify.json of an Artefact. ExportError without one of its files as they are now."""
    file = artefact.path(VERIFY)
    found = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if found.get("artefact") != artefact.digest:
        raise ExportError(f"{artefact.folder}: was not verified as it is now; run ppmobile verify on it first")
    return found


def section(artefact, report, rows):
    """The heading and the table of an Artefact. report: its verify.json. rows: of latency.bench."""
    times = {row["runtime"]: row for row in rows if not row["reason"]}
    stages = [stage for stage in report["stages"] if stage["verdict"] != "skipped"]
    lines = [HEADER, ["---"] * len(HEADER), *(cells(stage, times.get(stage["name"])) for stage in stages)]
    notes = [f"note: {note}" for note in report["notes"]]
    notes += [f"{stage['name']}: {stage['reason']}" for stage in stages if stage["reason"]]
    return "\n".join([f"\n## {artefact.folder.name}", "", f"{report['pictures']} pictures ({report['origin']}).", "",
                      *(f"| {' | '.join(line)} |" for line in lines), *(f"\n{note}" for note in notes), ""])


def cells(stage, time):
    """The row of one stage of verify.json. time: its row of latency.bench, or None."""
    numbers = [(stage.get(name), style) for name, style in FORMATS.items()]
    ratio = time and time["ratio"]
    return [stage["name"], stage["verdict"], *("-" if value is None else format(value, style)
                                                for value, style in numbers),
            f"{time['median_ms']:.1f}" if time else "-", f"{ratio:.2f}" if ratio else "-"]


def by_hand(file):
    """The part of an older page that people wrote, or ""."""
    old = file.read_text(encoding="utf-8") if file.is_file() else ""
    return old[old.find(MEANING):] if MEANING in old else ""
