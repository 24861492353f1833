"""`ppmobile verify`: replay an artefact on every runtime that is installed, and say where answers begin to differ."""

from .arguments import parser, path, run_config


def main(argv):
    """Print the table and write verify.json into the artefact; exit status 1 if something is beyond its tolerance."""
    arguments = parser("verify", __doc__.split(":", 1)[1].strip(), config_required=False)
    arguments.add_argument("artefact", type=path, metavar="ARTEFACT", help="the folder that an export wrote")
    arguments.add_argument("-w", "--weights", type=path, metavar="RUN",
                           help="the run's folder or checkpoint it was exported from, to compare with the trained net")
    arguments.add_argument("--pictures", type=path, metavar="FOLDER",
                           help="real pictures; default: the config's val split, else variations of the golden picture")
    arguments.add_argument("--count", type=int, default=20, help="how many of them, default 20")
    arguments.add_argument("--runtimes", nargs="+", metavar="NAME", help="only these; default: all that can be used")
    arguments.examples.update({"--runtimes": "paddle-fp32 onnx-fp32", "--count": "20"})
    options = arguments.parse_args(argv)
    if options.count < 1:
        arguments.error("--count must be at least 1")
    if options.override and not (options.config or options.weights):
        arguments.error("-o changes a config: give one with -c, or the run it is saved with by -w")

    from ..artefact import read
    from ..export.verify import verify

    artefact = read(options.artefact, check=False)  # first: a message should be on what was named first
    config = run_config(options) if options.config or options.weights else None
    model = trained(options.weights, config, artefact) if options.weights else None
    report = verify(options.artefact, model, config, options.pictures, options.runtimes, options.count)
    print(report.table())
    return 0 if report.passed else 1


def trained(weights, config, artefact):
    """The Model of a run, in evaluation mode. ExportError if the Artefact was made of another checkpoint."""
    from ..engine.run import restore
    from ..errors import ExportError
    from ..files import sha256

    model, _, _, saved = restore(weights, config)
    source = artefact.deploy.get("source")
    if isinstance(source, dict) and source.get("sha256", "") not in ("", sha256(saved.path)):
        raise ExportError(f"{saved.path}: is not the checkpoint that {artefact.folder} was exported from "
                          f"({source.get('checkpoint')} of {source.get('date')}); give that run, or leave -w out")
    return model
