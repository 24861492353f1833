"""`ppmobile train`: train a model from a config, or go on with a run."""

import shlex

from .arguments import load_config, parser


def main(argv):
    """Train; the exit status is 130 after Ctrl-C (everything is saved), else 0."""
    arguments = parser("train", __doc__.split(":")[1].strip(), config_required=False)
    arguments.add_argument("--resume", nargs="?", const="", metavar="RUN",
                           help="go on with a run: its folder or a checkpoint; without a value, the config's output")
    arguments.add_argument("--overwrite", action="store_true", help="replace a run that lies in the output folder")
    arguments.add_argument("--print-config", action="store_true", help="print the resolved config and stop")
    options = arguments.parse_args(argv)
    if not options.config and not options.resume:
        arguments.error("give -c FILE, or --resume RUN")
    config = load_config(options) if options.config else saved_config(options)
    if options.print_config:
        from ..config import dump

        print(dump(config), end="")
        return 0
    resume = config.output if options.resume == "" else options.resume
    return train(config, resume, options.overwrite, "ppmobile train " + shlex.join(argv))


def saved_config(options):
    """The config of the run that --resume names, with -o on top."""
    from ..engine.run import last
    from .arguments import run_config

    options.weights = last(options.resume)
    return run_config(options)


def train(config, resume, overwrite, command):
    """Train and say where the results lie and how to go on."""
    from ..engine import parallel, run

    trainer = run.train(config, resume, overwrite, command)
    if trainer.stop == "interrupted":
        run.say(f"stopped and saved; go on with: ppmobile train --resume {config.output}")
        return 130
    if trainer.stop:
        run.say(f"stopped early: {trainer.stop}")
    if parallel.rank() == 0:
        best = trainer.hook("Evaluate")
        score = f"best {best.new_metric().main} {best.best:.4f}; " if best and best.best is not None else ""
        print(f"{score}run in {config.output}: best.safetensors, last.safetensors, metrics.csv, curves.png, config.yml")
    return 0
