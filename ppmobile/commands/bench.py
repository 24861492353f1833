"""`ppmobile bench`: compare artefacts on every runtime, or measure training speed and the data pipeline."""

import json
import shlex
from argparse import SUPPRESS

from .arguments import load_config, parser, path

RUNTIMES = "paddle-fp32 openvino-bf16"


def main(argv):
    """`bench ARTEFACT ...` compares runtimes; `bench train -c FILE` measures training."""
    return bench_training(argv) if "train" in argv[:1] else bench_artefacts(argv)


def bench_artefacts(argv):
    """Print the table of all runtimes and what it means; exit status 1 if none could run."""
    arguments = parser("bench", __doc__.split(":", 1)[1].strip(), config_required=False)
    arguments.epilog = "Training: ppmobile bench train --help"
    arguments.add_argument("artefacts", nargs="+", type=path, metavar="ARTEFACT",
                           help="folders that ppmobile export wrote, or `train` to measure training")
    arguments.add_argument("--runtimes", nargs="+", metavar="NAME", help="default: all; those that cannot run say why")
    arguments.add_argument("--threads", type=int, default=1, help="threads of a run, default 1")
    arguments.add_argument("--runs", type=int, default=100, help="runs of each, in turns of 10, default 100")
    arguments.add_argument("--no-memory", action="store_true", help="do not measure memory, which takes longest")
    arguments.add_argument("--out", type=path, metavar="FOLDER", help="write bench.csv, bench.md and bench.png")
    arguments.examples.update({"--runtimes": RUNTIMES, "--out": "bench/"})
    options = arguments.parse_args(argv)

    from .. import artefact
    from ..profiling import latency, report

    artefacts = [artefact.read(folder) for folder in dict.fromkeys(options.artefacts)]
    dataset = open_val(options, artefacts) if options.config else None
    rows = latency.bench(artefacts, options.runtimes or latency.NAMES, options.threads, options.runs, dataset)
    details = layers_of(artefacts, rows, options.threads)
    if not options.no_memory:
        latency.measure_memory(artefacts, rows, options.threads)
    print(report.terminal(rows, details))
    if options.out:
        command = shlex.join(["ppmobile", "bench", *argv])
        print(f"\n{', '.join(report.write(rows, details, options.out, command, options.threads))} in {options.out}")
    return 0 if any(not row["reason"] for row in rows) else 1


def layers_of(artefacts, rows, threads):
    """What is known of the layers, for the judgement; {} where nothing ran on Paddle, which is then not needed."""
    if not any(row["runtime"].startswith("paddle") and not row["reason"] for row in rows):
        return {}
    from ..profiling.net import judged_layers

    return judged_layers(artefacts, rows, threads)


def open_val(options, artefacts):
    """The val split of the config, whose classes must be those of every artefact."""
    from ..engine.datasets import open_split, scanned
    from ..engine.run import same_classes

    config = load_config(options)
    dataset = scanned(config, open_split(config, "val"), "val")
    for artefact in artefacts:
        same_classes(artefact.classes, dataset.classes, artefact.folder, "data.val")
    return dataset


def bench_training(argv):
    """`bench train -c FILE`: pictures a second of the pipeline, of one process, and of several."""
    arguments = parser("bench", "measure training speed and the data pipeline")
    arguments.add_argument("what", choices=("train",), help="train: speed of training and of its data")
    arguments.add_argument("--steps", type=int, default=20, help="measured training steps a round, default 20")
    arguments.add_argument("--rounds", type=int, default=3, help="rounds; the settings take turns, default 3")
    arguments.add_argument("--processes", type=int, default=2, help="compare one process with so many, default 2")
    arguments.add_argument("--size", type=int, metavar="PIXELS",
                           help="let all resizing steps of transforms.train give this size, without MultiScale")
    arguments.add_argument("--out", type=path, metavar="FILE", help="also write the table as CSV")
    arguments.add_argument("--measure", type=json.loads, help=SUPPRESS)  # how the command calls itself
    options = arguments.parse_args(argv)
    if min(options.steps, options.rounds, options.processes) < 1 or (options.size or 32) < 32:
        arguments.error("--steps, --rounds and --processes must be at least 1, and --size at least 32")
    from ..profiling import training

    config = load_config(options)
    config = training.at_size(config, options.size) if options.size else config
    if options.measure is not None:
        return training.measure(config, options.steps, options.measure, ["bench", *argv])
    given = ["-c", options.config, *(["-o", *options.override] if options.override else []),
             *(["--size", str(options.size)] if options.size else [])]
    rows, steps = training.bench(config, given, options.steps, options.rounds, options.processes)
    print(f"{training.table(rows)}\n\n{training.judgement(rows, steps)}")
    if options.out:
        training.write_csv(rows, options.out)
    return 0
