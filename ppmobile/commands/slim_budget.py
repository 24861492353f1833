"""`ppmobile slim budget`: the best net within so many milliseconds on a runtime of this machine."""

import shlex

from .arguments import parser, path


def main(argv):
    """Search, and say what was found; exit status 1 if what was made does not keep to the budget: it is the nearest."""
    arguments = parser("slim budget", __doc__.split(":", 1)[1].strip(), config_required=False)
    arguments.add_argument("-w", "--weights", type=path, metavar="RUN",
                           help="the trained run to begin with; default: the config's slim.start")
    arguments.add_argument("--overwrite", action="store_true", help="begin anew instead of going on")
    arguments.epilog = ("The budget is the config's slim.budget, or -o slim.budget.ms=12 "
                        "slim.budget.runtime=paddle-int8. The steps of slim.steps that train follow each cut, "
                        "with the ratios of its Prune and the options of its PTQ. "
                        "Results go to OUTPUT_budget unless -o output=FOLDER says otherwise.")
    options = arguments.parse_args(argv)
    if not options.config and not options.weights:
        arguments.error("give -c FILE, or the run to begin with by -w RUN")

    from ..errors import ConfigError
    from ..slim.budget import told, verdict

    config = wanted(options)
    if not config.slim.start:
        raise ConfigError("slim.start: is missing; a budget begins with a trained run, give -w RUN")
    found, budget = searched(config, options.overwrite, argv), config.slim.budget
    if found is None:
        return 130
    print(f"{found.artefact} {verdict(found, budget)}: {told(found, budget)}")
    if found.ms is not None:
        print(f"measure it again with: ppmobile bench {found.artefact} --runtimes {budget.runtime} --threads "
              f"{budget.threads} --no-memory")
    return 0 if found.within else 1


def searched(config, overwrite, argv):
    """The Found of the search, None after Ctrl-C in a training; after one elsewhere, too, it says what goes on."""
    from ..slim.budget import search

    command = ["ppmobile", "slim", "budget", *argv]
    try:
        return search(config, config.slim.start, overwrite, shlex.join(command))
    except KeyboardInterrupt:
        again = shlex.join(word for word in command if word != "--overwrite")
        print(f"stopped; go on with: {again}", flush=True)
        raise


def wanted(options):
    """The Config of -c, or of the run, with -o and -w on top."""
    from .slim_step import tree_of

    config = tree_of(options)
    if not any(text.startswith("output=") for text in options.override):
        config.output = f"{config.output}_budget"
    return config
