"""`ppmobile slim prune|slimming|distill|qat|finetune|ptq`: one step alone, on a trained run."""

import shlex

from .arguments import parser, path
from .slim_run import add_arguments, run_config

STEPS = {"prune": "Prune", "slimming": "Slimming", "distill": "Distill", "qat": "QAT", "finetune": "Finetune",
         "ptq": "PTQ"}


def main(way, argv):
    """Do the config's first step of that kind, or one that -o describes; the exit status as of `slim run`."""
    name = STEPS[way]
    arguments = parser(f"slim {way}", f"One step {name} of a slim run, alone.", config_required=False)
    arguments.add_argument("-w", "--weights", type=path, metavar="RUN",
                           help="the trained run to begin with; without -c also its config. {start} in the step still "
                                "means the config's slim.start")
    add_arguments(arguments)
    arguments.epilog = (f"The step is the first {name} in slim.steps of the config; without one, it has its default "
                        f"options and those of -o slim.steps.0.OPTION=VALUE. The results go to OUTPUT_{way} unless "
                        "-o output=FOLDER says otherwise.")
    options = arguments.parse_args(argv)
    if not (options.config or options.weights or options.resume):
        arguments.error("give -c FILE, or the run to begin with by -w RUN, or --resume FOLDER")

    from ..slim.pipeline import run

    if options.config or options.weights:
        config = single(options, way, name)
        config.output = options.resume or config.output
    else:
        config = run_config(options)
    return run(config, options.resume is not None, options.overwrite,
               f"ppmobile slim {way} " + shlex.join(argv))


def single(options, way, name):
    """The Config whose slim.steps holds the one step."""
    config = tree_of(options, name)
    config.slim.steps = [one for one in config.slim.steps if one["name"] == name][:1]
    if name in ("PTQ", "QAT") and not any(one.endswith("-int8") for one in config.slim.runtimes):
        config.slim.runtimes = [*config.slim.runtimes, "paddle-int8"]  # without it nothing of the step would be seen
    if not any(text.startswith("output=") for text in options.override):
        config.output = f"{config.output}_{way}"
    return config


def tree_of(options, name=None):
    """The Config of -c, or of the run that -w names, with a section slim that begins there, and -o on top.

    name: of a step, which alone fills slim.steps if the config has none of it.
    """
    from pathlib import Path

    from ..config import from_tree, merge_override, read_tree
    from ..engine import checkpoint as checkpoints

    origins = {}
    if options.config:
        tree, stem = read_tree(Path(options.config), origins), Path(options.config).stem
    else:
        run = checkpoints.find(options.weights).parent
        run = run if run.name else run.resolve()
        tree, stem = {**checkpoints.load(options.weights).meta["config"], "slim": None}, run.name
        tree["output"] = str(run)
    slim = tree["slim"] = dict(tree.get("slim") or {})
    steps = slim.get("steps")
    if name and not (isinstance(steps, list) and any(isinstance(one, dict) and one.get("name") == name
                                                     for one in steps)):
        slim["steps"] = [{"name": name}]
    for text in options.override:
        merge_override(tree, text, origins)
    if options.weights:
        begin_with(tree["slim"], options.weights, name)
    return from_tree(tree, origins, stem, options.config or "")


def begin_with(slim, weights, name=None):
    """Make `weights` the start of a section slim, whose "{start}" goes on to mean the start that it named before.

    name: of the one step that is done. ConfigError if that has "{start}" and the section names no start: the net that
    a step begins with is not its own teacher.
    """
    from ..errors import ConfigError
    from ..slim.stage import filled

    steps = slim.get("steps") or []
    if slim.get("start"):
        slim["steps"] = filled(steps, str(slim["start"]))
    elif name and any(one != filled(one, "") for one in steps if isinstance(one, dict) and one.get("name") == name):
        raise ConfigError(f"slim.steps: {name} names {{start}}, and -w only says where this step begins; say what "
                          "{start} is with -o slim.start=RUN")
    slim["start"] = weights
