"""`ppmobile slim ptq`: int8 after training, with real pictures; of an artefact, or as a step of a slim run."""

import sys

from .arguments import parser, path

ALGORITHMS = ("avg", "abs_max", "hist", "hist999", "mse", "kl", "auto")


def main(argv):
    """Write int8 graphs into an artefact; few of the worst layers stay in float, so that it keeps its accuracy."""
    arguments = _arguments()
    begins_with_a_run = {"-w", "--weights", "--resume"} & set(argv)
    if argv and (begins_with_a_run or arguments.parse_known_args(argv)[0].artefact is None):
        from . import slim_step

        return slim_step.main("ptq", argv)
    options = arguments.parse_args(argv)
    if not options.artefact:
        arguments.error("give the ARTEFACT to quantize, or a run by -w RUN")
    if options.count < 1:
        arguments.error("--count must be at least 1")
    if not 0 <= options.max_drop <= 1:
        arguments.error("--max-drop is a share, 0 to 1: 0.01 is one point")
    if options.override and not options.config:
        arguments.error("-o changes a config: give one with -c")
    if options.pictures and options.config:
        arguments.error("--pictures and -c both name the calibration pictures: give one of them")

    from ..artefact import read
    from ..config import load
    from ..slim.pictures import gather
    from ..slim.ptq import Settings, check_targets, quantize
    from ..slim.search import AccuracyError

    artefact = read(options.artefact)
    check_targets(artefact, options.targets)
    check_out(options)
    config = load(options.config, options.override) if options.config else None
    calibration, check = gather(artefact, options.count, config, options.split, options.pictures)
    print(f"calibration: {calibration.origin}; loss measured on {check.origin}")
    settings = Settings(options.algo, tuple(options.keep_float), options.max_drop, options.targets,
                        options.bias_correction)
    try:
        result = quantize(options.artefact, calibration, check, settings, options.out)
    except AccuracyError as error:
        sys.stdout.flush()
        sys.stderr.write(f"ppmobile: {error}; {options.artefact} is as it was\n")
        return 1
    show(result, options.no_bench)
    return 0


def _arguments():
    arguments = parser("slim ptq", "Quantize an exported model to int8, calibrated with real pictures.",
                       config_required=False)
    arguments.add_argument("artefact", nargs="?", type=path, metavar="ARTEFACT",
                           help="the folder that an export wrote; without it, PTQ is a step of a slim run: give "
                                "-w RUN, or -c FILE with a section slim")
    arguments.add_argument("--pictures", type=path, metavar="FOLDER",
                           help="real pictures to calibrate with, instead of those of -c: a folder, a pattern, or for "
                                "a classifier a list file of `path label` lines")
    arguments.add_argument("--split", default="train", choices=("train", "val", "test"),
                           help="the config's split to calibrate on, default train; the loss is measured on val")
    arguments.add_argument("--count", type=int, default=64, help="how many pictures to calibrate on, default 64")
    arguments.add_argument("--algo", default="avg", choices=ALGORITHMS,
                           help="how the range of a layer's input is found; default avg, the mean of the pictures' "
                                "greatest values; auto takes the best of four for each layer")
    arguments.add_argument("--keep-float", nargs="+", default=[], metavar="LAYER",
                           help="layers that stay in float anyhow: paths, with * and ?, or the start of a path; auto "
                                "for those that `slim layers` proposes")
    arguments.add_argument("--max-drop", type=float, default=0.01,
                           help="accuracy that int8 may lose, default 0.01 (a point of mAP@0.5 of a detector); without "
                                "labels, share of other answers or boxes")
    arguments.add_argument("--bias-correction", action="store_true",
                           help="give back behind each layer what rounding takes from its mean output (paddle, lite)")
    arguments.add_argument("--out", type=path, metavar="FOLDER",
                           help="write a copy of the artefact there; default: into the artefact itself")
    arguments.add_argument("--for", dest="targets", nargs="+", metavar="TARGET",
                           choices=("paddle", "lite", "onnx", "openvino"),
                           help="paddle (always), lite, onnx, openvino; default: what the artefact was exported for")
    arguments.add_argument("--no-bench", action="store_true", help="leave out the comparison of speed")
    arguments.examples.update({"--keep-float": "backbone.stem head.fc", "--for": "lite onnx"})
    return arguments


def check_out(options):
    """Refuse a place for --out that holds something, and an artefact to be replaced that holds a user's own files."""
    from ..export.write import check_nothing_else, check_place

    if options.out:
        check_place(options.out, overwrite=False)
    else:
        check_nothing_else(options.artefact)


def show(result, no_bench):
    """Print the tables of a Result."""
    from ..slim import report

    print("\n".join([*report.layer_table(result), *report.loss_table(result)]))
    if not no_bench:
        print("\n".join(report.speed_table(result.artefact)))
    print(f"the int8 files are in {result.artefact.folder}; `ppmobile verify` tells whether their scores are close "
          "enough to fp32's for `ppmobile.load` to take them")
