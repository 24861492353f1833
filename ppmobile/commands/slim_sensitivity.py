"""`ppmobile slim sensitivity`: what the metric loses when each group of coupled channels is cut alone."""

from .arguments import parser, path, run_config


def main(argv):
    """Fill the table, draw it, and propose ratios."""
    arguments = parser("slim sensitivity", __doc__.split(":", 1)[1].strip(), config_required=False)
    arguments.add_argument("-w", "--weights", required=True, type=path, metavar="RUN",
                           help="a run's folder or a checkpoint")
    arguments.add_argument("--ratios", nargs="+", type=float, default=[0.25, 0.5, 0.75], metavar="R",
                           help="shares of channels to remove, default 0.25 0.5 0.75")
    arguments.add_argument("--pictures", type=int, default=0, metavar="N",
                           help="how many of the split val to measure on, from all over it; default: all")
    arguments.add_argument("--importance", default="l1", choices=("l1", "l2", "fpgm", "bn_gamma"),
                           help="by what the channels that go are chosen, as of the step Prune; default l1")
    arguments.add_argument("--drop", type=float, default=0.01,
                           help="the loss for which ratios are proposed, default 0.01, a point")
    arguments.add_argument("--out", type=path, metavar="FOLDER", help="default: RUN/sensitivity")
    arguments.add_argument("--overwrite", action="store_true", help="begin anew instead of going on with the table")
    arguments.examples.update({"--ratios": "0.25 0.5 0.75"})
    options = arguments.parse_args(argv)
    if options.pictures < 0:
        arguments.error("--pictures must be at least 1, or 0 for all")
    if not 0 <= options.drop <= 1:
        arguments.error("--drop is a share, 0 to 1: 0.01 is one point")
    return measure(options)


def measure(options):
    """Do what the options say; the exit status."""
    from pathlib import Path

    from ..engine.checkpoint import find
    from ..slim import sensitivity

    folder = Path(options.out) if options.out else find(options.weights).parent / "sensitivity"
    made = sensitivity.Sensitivity(options.weights, run_config(options), folder, options.pictures, options.importance,
                                   options.overwrite)
    rows = made.measure(options.ratios)
    sensitivity.draw(rows, made.split.main, folder / sensitivity.PICTURE)
    ratios = made.proposed(options.drop)
    wide = max(map(len, ratios), default=0)
    print(f"\nwithout training again, each alone loses {options.drop:g} of {made.split.main} at:")
    for name, ratio in ratios.items():
        print(f"  {name:<{wide}}  {ratio:.2f}")
    count = len(made.split.dataset)
    if options.drop * count < sensitivity.SURE:
        print(f"a loss of {options.drop:g} of {count} pictures is less than {sensitivity.SURE} of them, which may be "
              "chance: measure on more, or give a larger --drop")
    print(f"the table and its picture are in {folder}; use them by the step\n  - {step(options, folder)}")
    return 0


def step(options, folder):
    """The step Prune that cuts by the table in a folder the channels that it was measured without, as YAML."""
    from ..slim import sensitivity

    kind = "" if options.importance == "l1" else f"importance: {options.importance}, "
    table = (folder / sensitivity.TABLE).as_posix()
    return f"{{name: Prune, {kind}sensitivity: {table}, drop: {options.drop:g}}}"
