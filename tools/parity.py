"""Export and verify an untrained net of every config: tools/parity.py [CONFIG ...] writes docs/results/parity.md.

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

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ppmobile.cli import fail  # noqa: E402
from ppmobile.doctor import cores, cpu, installed  # noqa: E402
from ppmobile.errors import PPMobileError  # noqa: E402
from ppmobile.files import write_json, write_text  # noqa: E402

TARGETS = ("paddle", "lite", "onnx", "openvino")
RUNTIMES = ("paddle-fp32", "onnx-fp32", "openvino-fp32", "lite-fp32", "paddle-bf16", "openvino-bf16")
PACKAGES = ("paddlepaddle", "paddlelite", "paddle2onnx", "onnxruntime", "openvino")
CLASSES, PICTURES, SETTLING = 1000, 20, 32
INTRODUCTION = """# Parity: the same answers on every runtime

Untrained nets (seed 0, BN statistics of {settling} generated pictures, {classes} classes) of all configs, exported and
verified on {pictures} generated pictures, the golden one and a blank one. fp32: max|a - b| / max|b| over all
probabilities, b being the traced graph; at most 1e-4 passes. bf16: `deviation` (ppmobile/export/tolerances.py), at most
0.7 passes; answers of untrained nets lie so close together that bf16 tells them apart worst there. arm: size of the
.nb file for ARM. seconds: of export and verification together.

    {command}
    # {date}, {cpu}, {cores} cores, {versions}
"""


def main():
    """Make the table; exit status 1 if a config fails."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("configs", nargs="*", type=Path, help="default: all under configs/classify")
    arguments.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "parity.md")
    arguments.add_argument("--state", type=Path, default=ROOT / "runs" / "parity.json", help="what is done already")
    arguments.add_argument("--again", action="store_true", help="forget what is done")
    arguments.add_argument("--only", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    configs = options.configs or sorted((ROOT / "configs" / "classify").glob("*.yml"))
    try:
        if options.only:
            write_json(options.only, prove(configs[0]))
            return 0
        return run(configs, options.page, options.state, options.again)
    except PPMobileError as error:
        return fail(error)


def run(configs, page, state, again=False):
    """Prove each config that `state` does not hold yet, and write the page after each."""
    done = {} if again or not state.is_file() else json.loads(state.read_text(encoding="utf-8"))
    for number, config in enumerate(configs, 1):
        if config.stem not in done:
            done[config.stem] = in_process(config)
            write_json(state, done)
        print(f"{number}/{len(configs)} {' | '.join(cells(config.stem, done[config.stem]))}", flush=True)
        write_page(page, {c.stem: done[c.stem] for c in configs if c.stem in done}, configs)
    return int(any(not done[config.stem]["passed"] for config in configs))


def in_process(config):
    """What `prove` finds, by a process of its own: a crash is a finding, and memory is given back."""
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
        file = Path(folder) / "found.json"
        ended = subprocess.run([sys.executable, __file__, str(config), "--only", str(file)], check=False,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))
        lines = ended.stdout.decode("utf-8", "replace").strip().splitlines() or ["no message"]
        return {"passed": False, "verdict": f"status {ended.returncode}: {lines[-1][-200:]}", "errors": {}}


def prove(config_file):
    """Export the net of a config, untrained, and verify it: {"passed", "verdict", "errors", "arm", "seconds"}."""
    import numpy as np
    import paddle

    import ppmobile
    from ppmobile.config import load
    from ppmobile.data.scenes import scenes_root
    from ppmobile.export.golden import input_of
    from ppmobile.export.trial import settle
    from ppmobile.export.verify import verify
    from ppmobile.export.write import export_model
    from ppmobile.files import list_images
    from ppmobile.transforms import Compose

    config = load(config_file)
    pictures = list_images(scenes_root(60, 256) / "images")
    preprocess = Compose(config.transforms.eval, "transforms.eval").to_config()
    paddle.seed(0)
    model = ppmobile.build(config_file, CLASSES)
    settle(model, np.concatenate([input_of(picture, preprocess) for picture in pictures[:SETTLING]]))
    model.eval()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
        classes = [f"class {number}" for number in range(CLASSES)]
        artefact = export_model(model, config, classes, Path(folder) / "artefact", TARGETS, pictures[0])
        report = verify(artefact.folder, model, pictures=pictures[SETTLING:], count=PICTURES)
        arm = (artefact.folder / "model_arm.nb").stat().st_size
    seconds = time.perf_counter() - started
    errors = {s.name: s.deviation if s.name.endswith("bf16") else s.relative for s in report.stages
              if s.name in RUNTIMES and s.verdict != "skipped"}
    bad = [f"{s.name}: {s.reason} {s.layer}".strip() for s in report.stages if s.verdict == "FAILED"]
    return {"passed": report.passed, "verdict": "; ".join(bad) or "passed", "errors": errors, "arm": arm,
            "seconds": round(seconds, 1), "notes": report.notes}


def cells(name, found):
    """The table's cells for a config."""
    errors = [(runtime, found["errors"].get(runtime)) for runtime in RUNTIMES]
    numbers = ["-" if error is None else f"{error:.2f}" if runtime.endswith("bf16") else f"{error:.1e}"
               for runtime, error in errors]
    size = f"{found['arm'] / 1e6:.1f}" if "arm" in found else "-"
    return [name, *numbers, size, f"{found.get('seconds', 0):.0f}", found["verdict"].replace("|", "/")]


def write_page(page, found, configs):
    """The Markdown page of what was found so far."""
    header = ["config", *RUNTIMES, "arm MB", "seconds", "verdict"]
    versions = ", ".join(f"{name} {installed(name)}" for name in PACKAGES)
    given = "" if len(configs) > 3 else " " + " ".join(map(str, configs))
    lines = [INTRODUCTION.format(settling=SETTLING, classes=CLASSES, pictures=PICTURES, cpu=cpu()[0], cores=cores(),
                                 command=f"python tools/parity.py{given}", versions=versions,
                                 date=datetime.date.today().isoformat())]
    lines += [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
    lines += [f"| {' | '.join(cells(name, row))} |" for name, row in found.items()]
    passed = sum(row["passed"] for row in found.values())
    write_text(page, "\n".join([*lines, "", f"{passed} of {len(found)} configs passed.", ""]))


if __name__ == "__main__":
    sys.exit(main())
