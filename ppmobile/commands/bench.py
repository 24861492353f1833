"""`ppmobile bench`: measure training speed and the data pipeline."""

from argparse import SUPPRESS

from .arguments import load_config, parser, path


def main(argv):
    """`bench train -c FILE`: pictures a second of the pipeline, of one process, and of several."""
    arguments = parser("bench", __doc__.split(":")[1].strip())
    arguments.add_argument("what", choices=("train",), help="train: speed of training and of its data")
    arguments.add_argument("--steps", type=int, default=20, help="measured training steps a round, default 20")
    arguments.add_argument("--rounds", type=int, default=3, help="rounds; the settings take turns, default 3")
    arguments.add_argument("--processes", type=int, default=2, help="compare one process with so many, default 2")
    arguments.add_argument("--out", type=path, metavar="FILE", help="also write the table as CSV")
    arguments.add_argument("--measure", type=int, metavar="PROCESSES", help=SUPPRESS)  # what the command calls itself
    options = arguments.parse_args(argv)
    if min(options.steps, options.rounds, options.processes) < 1:
        arguments.error("--steps, --rounds and --processes must be at least 1")
    from ..profiling import training

    given = ["-c", options.config, *(["-o", *options.override] if options.override else [])]
    if options.measure is not None:
        return training.measure(load_config(options), options.steps, options.measure, ["bench", *argv])
    load_config(options)
    rows = training.bench(given, options.steps, options.rounds, options.processes)
    print(training.table(rows))
    if options.out:
        training.write_csv(rows, options.out)
    return 0
