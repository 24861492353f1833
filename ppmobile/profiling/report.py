"""The files and the text of a benchmark: table, judgement, picture, and the page that says how it was measured."""

import platform
import time
from pathlib import Path

from .. import doctor
from ..files import write_text
from . import table
from .verdict import judge

PACKAGES = ("paddlepaddle", "onnxruntime", "openvino", "paddlelite", "numpy")


def groups(rows):
    """{artefact's folder: its rows}, in order."""
    found = {}
    for row in rows:
        found.setdefault(row["folder"], []).append(row)
    return found


def terminal(rows, details):
    """The tables and the judgement as text. details: {artefact's folder: what verdict.judge takes}."""
    _, features = doctor.cpu()
    parts = []
    for folder, own in groups(rows).items():
        parts += [f"\n{folder}", table.text(own), *(f"- {line}" for line in judge(features, own, details.get(folder)))]
    return "\n".join(parts)


def write(rows, details, folder, command, threads):
    """Write bench.csv, bench.md and bench.png to `folder`; the names of the files that were written."""
    from ..explain.speed import speed

    folder = Path(folder)
    table.write_csv(rows, folder / "bench.csv")
    drawn = speed(rows, folder / "bench.png")
    write_text(folder / "bench.md", page(rows, details, command, threads, drawn))
    return ["bench.csv", "bench.md", *(["bench.png"] if drawn else [])]


def page(rows, details, command, threads, picture):
    """The Markdown page: command, date, machine, a table and the judgement for each artefact, the picture."""
    name, features = doctor.cpu()
    known = [feature for feature in doctor.FEATURES if feature in (features or ())]
    versions = [f"{package} {version}" for package in PACKAGES if (version := doctor.installed(package))]
    lines = ["# Benchmark", "", f"    {command}", "",
             f"{time.strftime('%Y-%m-%d')}, {name}, {threads} thread{'s' if threads > 1 else ''} of "
             f"{doctor.cores()} cores, {', '.join(known) or 'features unknown'}; Python {platform.python_version()}, "
             f"{', '.join(versions)}.", "", f"{table.MEANING}."]
    for folder, own in groups(rows).items():
        lines += ["", f"## {own[0]['artefact']}", "", table.markdown(own), ""]
        lines += [f"- {line}" for line in judge(features, own, details.get(folder))]
    lines += ["", "![time of each runtime](bench.png)"] if picture else []
    return "\n".join(lines) + "\n"
