"""`ppmobile check`: scan a data set for files and labels that would harm training, or try a net on its targets."""

from .arguments import load_config, parser, path

GAIN = 0.03  # mean IoU by which other anchors must fit better before they are suggested
TARGETS = ("paddle", "lite", "onnx", "openvino")


def main(argv):
    """Print the findings of every split; exit status 1 if training would refuse the data, 0 for mere warnings.

    With --for, the untrained net is converted and run instead, and the data is not looked at.
    """
    arguments = parser("check", __doc__.split(":")[1].strip())
    arguments.add_argument("--for", dest="targets", nargs="+", action="extend", choices=TARGETS, metavar="TARGET",
                           help="leave the data aside, and see in seconds whether the untrained net can be converted "
                                f"to and run on: {', '.join(TARGETS)}")
    arguments.add_argument("--out", type=path, metavar="FOLDER",
                           help="also draw some pictures of each split with their labels: FOLDER/train.png ...")
    arguments.examples["--for"] = "lite onnx"
    options = arguments.parse_args(argv)
    config = load_config(options)
    return try_targets(config, options.targets) if options.targets else check_data(config, options.out)


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


def check_data(config, out=None):
    """Print what a scan of each split finds, and draw samples to the folder `out` if given; the exit status."""
    from ..engine.datasets import SPLITS, look, open_split

    reports, datasets, readable, unusable = {}, {}, {}, 0
    for split in SPLITS:
        if split != "train" and getattr(config.data, split, None) is None:
            continue
        dataset = datasets[split] = open_split(config, split)
        reports[split] = look(dataset)
        bad = len({finding.path for finding in reports[split].fatal})
        allowed = min(config.data.max_bad, len(dataset) - 1)
        unusable += bad > allowed
        verdict = f"{bad} of {len(dataset)} unusable, data.max_bad allows {config.data.max_bad}: training refuses" \
            if bad > allowed else "ready to train" if not bad else f"{bad} unusable pictures will be left out"
        readable[split] = bad < len(dataset)
        print(f"== {split}: {verdict}\n{reports[split].text()}\n")
    report_leaks(reports)
    refused = report_boxes(datasets) + report_classes(datasets)
    if reports["train"].boxes and readable["train"] and not refused:
        report_input(config, datasets["train"], reports["train"])
    if out:
        draw_samples({split: dataset for split, dataset in datasets.items() if readable[split]}, out)
    return 1 if refused or unusable else 0


def draw_samples(datasets, folder):
    """Write SPLIT.png, a sheet of pictures with their labels, for each split."""
    from pathlib import Path

    from ..explain.samples import sample_sheet

    for split, dataset in datasets.items():
        sample_sheet(dataset, Path(folder) / f"{split}.png")
    print(f"samples are drawn in {folder}")


def report_boxes(datasets):
    """Print which splits hold no boxes that count, so that nothing can be learnt or measured; how many do."""
    from ..engine.datasets import require_boxes
    from ..errors import DataError

    empty = 0
    for split, dataset in datasets.items():
        try:
            require_boxes(dataset, split)
        except DataError as error:
            print(f"boxes: {error}")
            empty += 1
    return empty


def report_input(config, dataset, report):
    """Print how the training boxes come out in the net's input, and anchors if those of the config fit badly."""
    from ..data.anchors import box_sizes, find_anchors, fit, plain
    from ..data.box_report import input_line
    from ..engine.datasets import anchors_of
    from ..transforms import Compose

    sizes, owners, _ = box_sizes(dataset, Compose(config.transforms.eval, "transforms.eval"))
    print(input_line(sizes, [report.short(str(dataset.items[i]["path"])) for i in owners]))
    present = anchors_of(config)
    if not present or len({tuple(size) for size in sizes.tolist()}) < len(present):
        return
    better = plain(find_anchors(sizes, len(present)))
    gain = fit(sizes, better) - fit(sizes, present)
    print(f"anchors: the best of the config's {len(present)} overlaps a box by {fit(sizes, present):.2f} (IoU), of as "
          f"many found for this data by {fit(sizes, better):.2f}"
          + (f"; worth trying:\n    model.head.anchors: {better}" if gain > GAIN else "; they fit"))


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
