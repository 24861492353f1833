"""The rows of slim/study.py, each job in a process: `python -m ppmobile.slim.study_rows JOB.json ROWS.json`."""

import json
import sys
import tempfile
from pathlib import Path

from ..artefact import Artefact, read
from ..cli import fail
from ..config import load
from ..errors import ExportError, PPMobileError
from ..export.program import load_graph
from ..files import write_json
from ..profiling.latency import bench
from . import ptq
from .pictures import gather


def main(job_file, out):
    """Write the rows of the job in a JSON file to `out`; exit status 2 with one line if it cannot be done."""
    try:
        write_json(out, work(json.loads(Path(job_file).read_text(encoding="utf-8"))))
        return 0
    except PPMobileError as error:
        return fail(error)


def work(job):
    """The rows of a job, a dict: of one way to find the ranges if it has an `algo`, of all targets otherwise."""
    source = read(job["artefact"])
    pictures = gather(source, job["count"], load(job["config"], []))
    if "algo" in job:
        return [[job["model"], *algorithm_row(source, job["algo"], *pictures)]]
    return [[job["model"], *row] for row in target_rows(source, job["drops"], *pictures)]


def algorithm_row(source, algo, calibration, check):
    """The cells of one way to find the ranges, behind the model: see the page."""
    with tempfile.TemporaryDirectory() as work:
        settings = ptq.Settings(algo, max_drop=0.02)
        material, ranking, want = prepared(source, settings, ("paddle", "lite"), calibration, check, Path(work))
        losses = []
        for name in ("paddle", "lite"):
            made = ptq.target(name, material)
            made.build(made.always_float())
            losses.append(material.judge.cost(made.answers(check.images), want, check.truths))
        paddle, lite = losses
        first = [share(paddle.fp32_accuracy), algo, share(paddle.accuracy), share(paddle.agreement),
                 share(lite.accuracy)]
        try:
            found = ptq.choose(ptq.target("paddle", material), ranking, check, want, settings, tell, {})
        except ExportError:  # its accuracy
            return [*first, "not reached", "-", "-"]
        ptq.record(material.artefact.folder, source.deploy, calibration, check, settings, ranking, {"paddle": found})
        times = timed(material.artefact.folder, ["paddle"])
        return [*first, str(found.count), share(found.loss.accuracy), ratio(times, "paddle", "paddle")]


def target_rows(source, drops, calibration, check):
    """The cells of all targets at each of the `drops`, behind the model."""
    rows = []
    with tempfile.TemporaryDirectory() as work:
        prepared_once = prepared(source, ptq.Settings(), ptq.TARGETS, calibration, check, Path(work))
        for drop in drops:
            rows += drop_rows(source, ptq.Settings(max_drop=drop), calibration, check, *prepared_once)
    return rows


def drop_rows(source, settings, calibration, check, material, ranking, want):
    """The cells of all targets at one max_drop, which the settings say; material, ranking, want: of `prepared`."""
    found, failed = {}, {}
    for name in ptq.TARGETS:
        try:
            ptq.check_targets(source, [name])
            with ptq.explained(name):
                found[name] = ptq.choose(ptq.target(name, material), ranking, check, want, settings, tell, found)
        except ExportError as error:
            failed[name] = str(error)
            ptq.target(name, material).discard()
    folder = material.artefact.folder
    ptq.record(folder, source.deploy, calibration, check, settings, ranking, found)
    times = timed(folder, [name for name in found if name != "lite"])
    sizes = [folder / name for name in ("int8/model_arm.nb", "model_arm.nb")]
    mb = " / ".join(f"{file.stat().st_size / 1e6:.2f}" if file.is_file() else "-" for file in sizes)
    fp32, limit = share(material.judge.cost(want, want, check.truths).accuracy), f"{settings.max_drop:g}"
    return [[fp32, limit, name, *result(name, found.get(name), failed, times, mb)] for name in ptq.TARGETS]


def result(name, found, failed, times, mb):
    """The cells of a target behind its name."""
    if found is None:
        return [*["-"] * 6, failed[name].replace("|", "/")]
    loss, suffering = found.loss, ", ".join(f"`{layer}`" for layer in found.suffering)
    return [share(loss.accuracy), share(loss.agreement), f"{found.count} + {len(found.keep_float) - found.count}",
            mb if name == "lite" else "-", ratio(times, name, name), ratio(times, "paddle", name), suffering or "-"]


def prepared(source, settings, targets, calibration, check, work):
    """(Material with a copy of the Artefact, ranking, answers of fp32)."""
    ptq.copy_fp32(source, work / "new")
    material = ptq.Material(Artefact(work / "new", source.deploy, source.files), work / "merged", calibration.images,
                            work)
    ranking = ptq.prepare(material, settings, targets, tell)
    return material, ranking, ptq.answers(load_graph(work / "new"), check.images, material.judge.read)


def timed(folder, names):
    """{runtime: median ms} of fp32 and int8 of these libraries, measured in turns."""
    runtimes = dict.fromkeys(["paddle-fp32", *(f"{name}-{kind}" for name in names for kind in ("fp32", "int8"))])
    return {row["runtime"]: row["median_ms"] for row in bench([read(folder)], list(runtimes), say=tell)}


def ratio(times, base, name):
    """How many times as fast as fp32 of the library `base` the int8 of `name` is."""
    pair = times.get(f"{base}-fp32"), times.get(f"{name}-int8")
    return f"{pair[0] / pair[1]:.2f}" if all(pair) else "-"


def share(value):
    """A share in percent; - without labels."""
    return "-" if value is None else f"{value:.1%}"


def tell(line):
    """Progress, not the page."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
