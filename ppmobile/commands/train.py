"""`ppmobile train`: train a model from a config, or go on with a run."""

import argparse
import shlex

from .arguments import load_config, parser


def main(argv):
    """Train; the exit status is 130 after Ctrl-C (everything is saved), else 0."""
    arguments = parser("train", __doc__.split(":")[1].strip(), config_required=False)
    arguments.add_argument("--resume", nargs="?", const="", metavar="RUN",
                           help="go on with a run: its folder or a checkpoint; without a value, the config's output")
    arguments.add_argument("--overwrite", action="store_true", help="replace a run that lies in the output folder")
    arguments.add_argument("--print-config", action="store_true", help="print the resolved config and stop")
    arguments.add_argument("--started", help=argparse.SUPPRESS)  # what the user said, when this is one of several
    options = arguments.parse_args(argv)
    if not options.config and not options.resume:
        arguments.error("give -c FILE, or --resume RUN")
    if options.resume is not None and options.overwrite:
        arguments.error("--resume goes on with a run, --overwrite replaces it: give one of them")
    config = load_config(options) if options.config else saved_config(options)
    command = "ppmobile train " + shlex.join(argv)
    if options.started:
        command, config.origins, config.file = read_started(options.started)
    if options.print_config:
        from ..config import dump

        print(dump(config), end="")
        return 0
    resume = config.output if options.resume == "" else options.resume
    return train(config, resume, options.overwrite, command)


def read_started(path):
    """(command, origins of the config's keys, config file) of the process that started this one."""
    import json

    with open(path, encoding="utf-8") as file:
        started = json.load(file)
    return started["command"], started["origins"], started["file"]


def saved_config(options):
    """The config of the run that --resume names, with -o on top; a folder goes on where it lies now."""
    from pathlib import Path

    from ..engine.run import last
    from .arguments import run_config

    options.weights = last(options.resume)
    config = run_config(options)
    if Path(options.resume).is_dir() and not any(text.startswith("output=") for text in options.override):
        config.output = options.resume
    return config


def train(config, resume, overwrite, command):
    """Train and say where the results lie and how to go on."""
    from ..engine import parallel, run

    count = run.process_count(config)
    if count > 1 and parallel.world() == 1:
        return run.train_in_processes(config, count, resume, overwrite, command)
    trainer = run.train(config, resume, overwrite, command)
    if trainer.stop == "interrupted":
        run.say(f"stopped and saved; go on with: ppmobile train --resume {config.output}")
        return 130
    if trainer.stop:
        run.say(f"stopped early: {trainer.stop}")
    evaluation = trainer.hook("Evaluate")
    known = evaluation is not None and evaluation.best is not None
    best = f"best {evaluation.new_metric().main} {evaluation.best:.4f}; " if known else ""
    run.say(f"{best}the run lies in {config.output}")
    return 0
