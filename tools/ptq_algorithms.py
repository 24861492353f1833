"""Prints, as Markdown, what each way of finding the ranges costs: python tools/ptq_algorithms.py ARTEFACT CONFIG ..."""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ppmobile.artefact import Artefact, read  # noqa: E402
from ppmobile.config import load  # noqa: E402
from ppmobile.export.program import load_graph  # noqa: E402
from ppmobile.profiling.latency import bench  # noqa: E402
from ppmobile.slim import ptq  # noqa: E402
from ppmobile.slim.loss import compare  # noqa: E402
from ppmobile.slim.pictures import gather  # noqa: E402
from ppmobile.slim.rank import answers  # noqa: E402
from ppmobile.slim.search import AccuracyError  # noqa: E402

ALGORITHMS = ("abs_max", "avg", "hist", "hist999", "mse", "auto")
HEAD = """| model | ranges | all int8: top-1 | as fp32 | simulated (ARM) | float for 2 points | top-1 then | speed |
|---|---|---|---|---|---|---|---|"""


def row(source, algo, calibration, check):
    """One line of the table: all layers in int8 (but squeeze-and-excitation), and as many in float as it takes."""
    with tempfile.TemporaryDirectory() as work:
        new = Path(work) / "new"
        ptq.copy_fp32(source, new)
        material = ptq.Material(Artefact(new, source.deploy, source.files), Path(work) / "merged", calibration.images,
                                Path(work))
        settings = ptq.Settings(algo, max_drop=0.02)
        ranking = ptq.prepare(material, settings, ("paddle", "lite"), lambda line: None)
        want, losses = answers(load_graph(new), check.images), []
        for name in ("paddle", "lite"):
            made = ptq.target(name, material)
            made.build(made.always_float())
            losses.append(compare(made.answers(check.images), want, check.labels))
        first = f"{algo} | {losses[0].top1:.1%} | {losses[0].agreement:.1%} | {losses[1].top1:.1%}"
        try:
            found = ptq.choose(ptq.target("paddle", material), ranking, check, want, settings, lambda line: None, {})
        except AccuracyError:
            return f"{first} | not reached | | |"
        ptq.record(new, source.deploy, calibration, check, settings, ranking, {"paddle": found})
        fp32, int8 = bench([read(new)], ("paddle-fp32", "paddle-int8"), runs=100, say=lambda line: None)
        ratio = fp32["median_ms"] / int8["median_ms"]
        return f"{first} | {found.count} | {found.loss.top1:.1%} | {ratio:.2f}x |"


def main(places):
    """Print the table for pairs of an artefact and the config that it was trained with."""
    print(HEAD)
    for folder, config in zip(places[::2], places[1::2]):
        source = read(folder)
        calibration, check = gather(source, 64, load(config, []))
        for algo in ALGORITHMS:
            print(f"| {Path(folder).name} | {row(source, algo, calibration, check)}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
