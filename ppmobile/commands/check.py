"""`ppmobile check`: scan a data set for files and labels that would harm training, or try a net on its targets."""

from .arguments import load_config, parser

TARGETS = ("paddle", "lite", "onnx", "openvino")


def main(argv):
    """Print the findings of every split; exit status 1 if training would refuse the data, 0 for mere warnings.

    With --for, the untrained net is converted and run instead, and the data is not looked at.
    """
    arguments = parser("check", __doc__.split(":")[1].strip())
    arguments.add_argument("--for", dest="targets", nargs="+", action="extend", choices=TARGETS, metavar="TARGET",
                           help="leave the data aside, and see in seconds whether the untrained net can be converted "
                                f"to and run on: {', '.join(TARGETS)}")
    arguments.examples["--for"] = "lite onnx"
    options = arguments.parse_args(argv)
    config = load_config(options)
    return try_targets(config, options.targets) if options.targets else check_data(config)


def try_targets(config, targets):
    """Print a line for each target, whether the untrained net runs there; ExportError if one does not."""
    import tempfile

    from ..errors import ExportError
    from ..export.trial import CLASSES, attempt, prepare

    failed = []
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
        image = prepare(config, folder)
        print(f"untrained net, {CLASSES} classes, input {list(image.shape)}", flush=True)
        for target in dict.fromkeys(targets):
            trial = attempt(target, folder, image)
            failed += [target] if trial.problem else []
            print(trial, flush=True)
    if failed:
        raise ExportError(f"the net of {config.file} does not go to: {', '.join(failed)}; the lines above say why")
    return 0


def check_data(config):
    """Print what a scan of each split finds; the exit status."""
    from ..engine.datasets import SPLITS, look, open_split

    reports, datasets, unusable = {}, {}, 0
    for split in SPLITS:
        if split != "train" and getattr(config.data, split, None) is None:
            continue
        dataset = datasets[split] = open_split(config, split)
        reports[split] = look(dataset)
        bad = len({finding.path for finding in reports[split].fatal})
        unusable += bad > config.data.max_bad
        verdict = f"{bad} unusable, data.max_bad allows {config.data.max_bad}: training refuses" if bad > (
            config.data.max_bad) else "ready to train" if not bad else f"{bad} unusable pictures will be left out"
        print(f"== {split}: {verdict}\n{reports[split].text()}\n")
    report_leaks(reports)
    return 1 if report_classes(datasets) or unusable else 0


def report_classes(datasets):
    """Print which splits have other classes than train; returns how many do."""
    from ..engine.datasets import compare_classes
    from ..errors import DataError

    different = 0
    for split, dataset in datasets.items():
        try:
            compare_classes(datasets["train"], dataset, split)
        except DataError as error:
            print(f"classes: {error}")
            different += 1
    return different


def report_leaks(reports):
    """Print pictures that stand in two splits; they are a warning, not an error."""
    from ..data.report import leaks

    found = leaks(reports)
    for finding in found[:5]:
        print(f"leak: {finding.path}: {finding.reason}")
    if len(found) > 5:
        print(f"and {len(found) - 5} more pictures stand in two splits")
