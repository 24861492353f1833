"""`ppmobile profile`: show the MACs, parameters and time of each layer, and which cost more than their MACs say."""

from .arguments import parser, path, run_config


def main(argv):
    """Print the costliest layers and where the time goes; write layers.csv and layers.png with --out."""
    arguments = parser("profile", __doc__.split(":", 1)[1].strip(), config_required=False)
    arguments.add_argument("artefact", nargs="?", type=path, metavar="ARTEFACT", help="a folder of ppmobile export")
    arguments.add_argument("-w", "--weights", type=path, metavar="RUN",
                           help="a trained net: also its eager times, and the runtime's from a short export")
    arguments.add_argument("--runtime", default="paddle-fp32", metavar="NAME",
                           help="paddle-fp32, paddle-bf16 or paddle-int8; default: paddle-fp32")
    arguments.add_argument("--threads", type=int, default=1, help="threads of a run, default 1")
    arguments.add_argument("--runs", type=int, default=30, help="runs to take the median of, default 30")
    arguments.add_argument("--top", type=int, default=20, help="layers in the table, default 20")
    arguments.add_argument("--out", type=path, metavar="FOLDER", help="write layers.csv (all layers) and layers.png")
    arguments.examples.update({"--runtime": "paddle-int8", "--out": "profile/"})
    options = arguments.parse_args(argv)
    if not (options.artefact or options.weights or options.config):
        arguments.error("give an ARTEFACT, a config with -c (fresh weights), or a trained net with -w")
    if min(options.threads, options.runs, options.top) < 1:
        arguments.error("--threads, --runs and --top must be at least 1")

    from ..profiling import table
    from ..profiling.layers import remarks

    found = measured(options)
    print(table.layer_text(found, options.top))
    print("\n".join(["", *(f"- {line}" for line in remarks(found))]))
    if options.out:
        from pathlib import Path

        from ..explain.speed import layers

        table.write_layers_csv(found, Path(options.out) / "layers.csv")
        layers(found, Path(options.out) / "layers.png")
        print(f"\nlayers.csv, layers.png in {options.out}")
    return 0


def measured(options):
    """The Profile of the artefact, with eager times where a net is given; without an artefact that of the net."""
    from ..artefact import read
    from ..profiling import net

    model = None
    if options.weights:
        from ..engine.run import restore

        model, config, classes, _ = restore(options.weights, run_config(options))
    elif options.config:
        config = run_config(options)
        model, classes = net.untrained(config)
    if options.artefact:
        return net.profile_artefact(read(options.artefact), options.runtime, options.threads, options.runs, model)
    with net.short_export(model, config, classes) as artefact:
        return net.profile_artefact(artefact, options.runtime, options.threads, options.runs, model)
