"""`ppmobile export`: write a trained model as a folder that phones and CPUs run, and prove what it computes."""

import json
from pathlib import Path

from .arguments import parser, path, run_config


def main(argv):
    """Export, verify on each runtime that is installed, and print the table; exit status 1 if a proof fails.

    One of bf16 alone does not count: no file of its own is made for it, and `ppmobile.load` leaves it out.
    """
    arguments = parser("export", __doc__.split(":", 1)[1].strip(), config_required=False)
    arguments.add_argument("-w", "--weights", required=True, type=path, metavar="RUN",
                           help="a run's folder or a checkpoint")
    arguments.add_argument("--out", required=True, type=path, metavar="FOLDER", help="the artefact's folder")
    arguments.add_argument("--for", dest="targets", nargs="+", default=["paddle"], metavar="TARGET",
                           help="paddle (always), lite, onnx, openvino, paddlex, full (a detector's boxes inside the "
                                "graph), pir; default: paddle")
    arguments.add_argument("--picture", type=path, metavar="FILE",
                           help="the golden sample's picture; default: the first of the val split")
    arguments.add_argument("--dynamic", nargs="+", default=[], metavar="AXIS",
                           help="batch, size: what may vary; by default both are fixed")
    arguments.add_argument("--overwrite", action="store_true", help="replace an artefact that lies there")
    arguments.add_argument("--no-verify", action="store_true", help="leave out the proof (ppmobile verify makes it)")
    arguments.examples.update({"--for": "lite onnx", "--dynamic": "batch"})
    options = arguments.parse_args(argv)

    from ..export.write import check_place, check_targets, export

    check_targets(options.targets, options.dynamic)
    check_place(options.out, options.overwrite)
    config = run_config(options)
    export(options.weights, options.out, config, options.targets, options.picture, options.dynamic, options.overwrite)
    print(f"the artefact is in {options.out}")
    if options.no_verify:
        return 0
    from . import verify

    given = ["-c", options.config] if options.config else []
    given += ["-o", *options.override] if options.override else []
    status = verify.main([options.out, "-w", options.weights, *given])
    if status and only_bf16_failed(options.out):
        print("the artefact is complete: bf16, which nobody asked for, is too coarse for this net, and `ppmobile.load` "
              "leaves it out")
        return 0
    return status


def only_bf16_failed(folder):
    """Whether what verify wrote into an artefact's folder names bf16 runtimes as failed, and nothing else."""
    from ..artefact import VERIFY
    from ..export.stages import FAILED

    stages = json.loads((Path(folder) / VERIFY).read_text(encoding="utf-8"))["stages"]
    failed = [stage["name"] for stage in stages if stage["verdict"] == FAILED]
    return bool(failed) and all(name.endswith("-bf16") for name in failed)
