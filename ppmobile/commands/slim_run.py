"""`ppmobile slim run`: the steps of a config's section slim, one after the other, each measured."""

import shlex

from .arguments import load_config, parser


def main(argv):
    """Carry out the steps; the exit status is 130 after Ctrl-C (everything is saved), else 0."""
    arguments = parser("slim run", __doc__.split(":", 1)[1].strip(), config_required=False)
    add_arguments(arguments)
    options = arguments.parse_args(argv)
    if not options.config and not options.resume:
        arguments.error("give -c FILE, or --resume FOLDER")

    from ..slim.pipeline import run

    return run(run_config(options), options.resume is not None, options.overwrite,
               "ppmobile slim run " + shlex.join(argv))


def add_arguments(arguments):
    """--resume and --overwrite."""
    arguments.add_argument("--resume", nargs="?", const="", metavar="FOLDER",
                           help="keep the finished steps and go on, also inside one: the output folder of the run; "
                                "without a value, the config's output")
    arguments.add_argument("--overwrite", action="store_true",
                           help="make anew what lies in the output folder; with --resume only the steps whose options "
                                "were changed, and those after them")


def run_config(options):
    """The config of -c, or the one that the folder of --resume holds, with -o on top."""
    from pathlib import Path

    if options.config:
        config = load_config(options)
        config.output = options.resume or config.output
        return config
    options.config = str(Path(options.resume) / "config.yml")
    config = load_config(options)
    if not any(text.startswith("output=") for text in options.override):
        config.output = options.resume
    return config
