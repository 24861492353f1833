"""Exports and verifies untrained nets of configs, and writes the table: what tools/parity.py does.

Each config has a process of its own, and what is done is kept in a file, so that it can be stopped and started again.
"""

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ..cli import fail
from ..doctor import cores, cpu, installed
from ..errors import PPMobileError
from ..files import write_json, write_text
from . import trained
from .parity_boxes import BoxTable

RUNTIMES = ("paddle-fp32", "onnx-fp32", "openvino-fp32", "lite-fp32", "paddle-bf16", "openvino-bf16")
PACKAGES = ("paddlepaddle", "paddlelite", "paddle2onnx", "onnxruntime", "openvino")
PICTURES, PLAIN = 20, 40  # see the page
SIZE = 256  # pixels of a generated picture's side
INTRODUCTION = """# Parity: the same answers on every runtime

Untrained nets (seed 0, {classes} classes) of all configs, exported and verified on {pictures} generated pictures, the
golden one and a blank one. fp32: max|a - b| / max|b| over all probabilities, b being the traced graph; at most 1e-4
passes, except on pictures where the net itself answers a change of 1e-6 in its input with more than a third of that
(see `note`). bf16: `deviation` (ppmobile/export/tolerances.py), at most 0.7 passes; answers of untrained nets lie so
close together that bf16 tells them apart worst there. arm: size of the .nb file for ARM. seconds: of export and
verification together. BN has the statistics of these pictures and of {plain} plain ones: without plain ones, a deep
net that was never trained makes 1e-3 of a rounding error of 1e-7 where a picture is flat, in every runtime alike.

    {command}
    # {date}, {cpu}, {cores} cores, {versions}
"""


class ClassTable:
    """What the page of the classifiers has that that of the detectors (BoxTable) has otherwise.

    page, state: names of files. folder: below configs/. option: of the command. targets: of the export. columns:
    stages of verify besides RUNTIMES.
    """

    page, state, folder, option = "parity.md", "parity.json", "classify", ""
    classes, targets, introduction, columns = 1000, ("paddle", "lite", "onnx", "openvino"), INTRODUCTION, ()

    @staticmethod
    def chosen(configs):
        """The config files that the page is about, of all in the folder."""
        return configs

    @staticmethod
    def prepared(config):
        """The Config that is tried."""
        return config

    @staticmethod
    def numbers(stage):
        """What is kept of a Stage, as plain values."""
        return stage.deviation if stage.name.endswith("bf16") else stage.relative

    @staticmethod
    def shown(runtime, number):
        """The cell for a runtime."""
        return "-" if number is None else f"{number:.2f}" if runtime.endswith("bf16") else f"{number:.1e}"


def main(root):
    """Make the table of the project in the folder `root`; exit status 1 if a config fails."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("configs", nargs="*", type=Path, help="default: all under configs/classify; with --detect, "
                                                                 "one of each family under configs/detect")
    arguments.add_argument("--detect", action="store_true", help="detectors")
    arguments.add_argument("--trained", nargs="+", type=Path, metavar="ARTEFACT",
                           help="instead, a page on detectors that were verified, docs/results/detection_export.md")
    arguments.add_argument("--page", type=Path, help="default: docs/results/parity.md, or parity_detection.md")
    arguments.add_argument("--state", type=Path, help="what is done already; default: runs/parity.json, or "
                                                      "parity_detection.json")
    arguments.add_argument("--again", action="store_true", help="forget what is done")
    arguments.add_argument("--only", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    table = BoxTable if options.detect else ClassTable
    configs = options.configs or table.chosen(sorted((root / "configs" / table.folder).glob("*.yml")))
    results = root / "docs" / "results"
    try:
        if options.trained:
            return trained.make(options.trained, options.page or results / trained.PAGE)
        if options.only:
            write_json(options.only, prove(configs[0], table))
            return 0
        return run(configs, options.page or results / table.page, options.state or root / "runs" / table.state,
                   options.again, table)
    except PPMobileError as error:
        return fail(error)


def run(configs, page, state, again=False, table=ClassTable):
    """Prove each config that `state` does not hold yet, and write the page after each."""
    done = {} if again or not state.is_file() else json.loads(state.read_text(encoding="utf-8"))
    for number, config in enumerate(configs, 1):
        if config.stem not in done:
            done[config.stem] = in_process(config, table)
            write_json(state, done)
        print(f"{number}/{len(configs)} {' | '.join(cells(config.stem, done[config.stem], table))}", flush=True)
        write_page(page, {c.stem: done[c.stem] for c in configs if c.stem in done}, configs, table)
    return int(any(not done[config.stem]["passed"] for config in configs))


def in_process(config, table=ClassTable):
    """What `prove` finds, by a process of its own: a crash is a finding, and memory is given back."""
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
        file = Path(folder) / "found.json"
        ended = subprocess.run([sys.executable, sys.argv[0], str(config), "--only", str(file), *table.option.split()],
                               check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))
        lines = ended.stdout.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        return {"passed": False, "verdict": f"status {ended.returncode}: {lines[-1][-200:]}", "errors": {}}


def prove(config_file, table=ClassTable):
    """Export the net of a config, untrained, and verify it: {"passed", "verdict", "errors", "arm", "seconds"}."""
    import paddle

    from ..config import load
    from ..models.build import build_model
    from .trial import settle
    from .verify import verify
    from .write import export_model

    config = table.prepared(load(config_file))
    paddle.seed(0)
    model = build_model(vars(config.model), config.task, table.classes)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
        golden, *pictures = draw(Path(folder))
        settle(model, inputs([golden, *pictures], config.transforms.eval))
        model.eval()
        classes = [f"class {number}" for number in range(table.classes)]
        artefact = export_model(model, config, classes, Path(folder) / "artefact", table.targets, golden)
        report = verify(artefact.folder, model, pictures=pictures, count=PICTURES)
        arm = (artefact.folder / "model_arm.nb").stat().st_size
    seconds = time.perf_counter() - started
    errors = {s.name: table.numbers(s) for s in report.stages
              if s.name in (*RUNTIMES, *table.columns) and s.verdict != "skipped"}
    bad = [f"{s.name}: {s.reason} {s.layer}".strip() for s in report.stages if s.verdict == "FAILED"]
    notes = [note for note in report.notes if "hash" not in note]
    notes += [f"{s.name}: {s.reason}" for s in report.stages if s.name in RUNTIMES and s.verdict == "skipped"]
    return {"passed": report.passed, "verdict": "; ".join(bad) or "passed", "errors": errors, "arm": arm,
            "seconds": round(seconds, 1), "notes": notes}


def draw(folder):
    """Write PICTURES + 1 pictures of coloured clouds, coarse and fine, pale and vivid, to `folder`; their Paths."""
    import numpy as np

    from ..files import write_image

    rng, paths = np.random.default_rng(0), []
    for number in range(PICTURES + 1):
        cells = int(2 ** rng.uniform(2, 6))
        image = rng.uniform(20, 90) * _clouds(rng.normal(size=(cells, cells, 3))) + rng.uniform(40, 215, 3)
        image = image + rng.uniform(0, 40) * _clouds(rng.normal(size=(64, 64, 1)))[:, :, None]
        image = image + rng.normal(0, 8, (SIZE, SIZE, 3))
        paths.append(folder / f"{number:02}.png")
        write_image(paths[-1], np.clip(image, 0, 255).astype(np.uint8))
    return paths


def _clouds(cells):
    import cv2

    return cv2.resize(cells, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)


def inputs(pictures, steps):
    """(N, 3, H, W) float32 of the pictures, a black one, and PLAIN ones of one colour each."""
    import numpy as np

    from ..transforms import Compose
    from .golden import input_of
    from .trial_pictures import apply

    compose = Compose(steps, "transforms.eval")
    colors = [(0, 0, 0), *np.random.default_rng(1).integers(0, 256, (PLAIN, 3))]
    plain = [apply(compose, np.full((SIZE, SIZE, 3), color, np.uint8)) for color in colors]
    return np.concatenate([*(input_of(picture, steps) for picture in pictures), *plain])


def cells(name, found, table=ClassTable):
    """The table's cells for a config."""
    errors = [(runtime, found["errors"].get(runtime)) for runtime in (*RUNTIMES, *table.columns)]
    numbers = ["-" if error is None else table.shown(runtime, error) for runtime, error in errors]
    size = f"{found['arm'] / 1e6:.1f}" if "arm" in found else "-"
    told = "; ".join([found["verdict"], *(f"note: {note}" for note in found.get("notes", ()))])
    return [name, *numbers, size, f"{found.get('seconds', 0):.0f}", told.replace("|", "/")]


def write_page(page, found, configs, table=ClassTable):
    """The Markdown page of what was found so far."""
    header = ["config", *RUNTIMES, *table.columns, "arm MB", "seconds", "verdict"]
    versions = ", ".join(f"{name} {installed(name)}" for name in PACKAGES)
    given = "" if len(configs) > 3 else " " + " ".join(map(str, configs))
    lines = [table.introduction.format(
        classes=table.classes, pictures=PICTURES, plain=PLAIN, cpu=cpu()[0], cores=cores(), versions=versions,
        command=f"python tools/parity.py{table.option}{given}", date=datetime.date.today().isoformat())]
    lines += [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
    lines += [f"| {' | '.join(cells(name, row, table))} |" for name, row in found.items()]
    write_text(page, "\n".join([*lines, "", summary(found, len(configs)), ""]))


def summary(found, total):
    """The page's last line: how many configs passed, and how many were tried while that is not all."""
    passed = sum(row["passed"] for row in found.values())
    if len(found) < total:
        return f"{len(found)} of {total} configs so far, {passed} passed."
    return f"{passed} of {total} configs passed."
