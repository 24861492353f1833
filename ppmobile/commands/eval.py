"""`ppmobile eval`: measure a trained model on a split of the data, and show where it errs."""

from .arguments import parser, path, run_config


def main(argv):
    """Print the numbers; write result.json, report.html and the pictures of what went wrong."""
    arguments = parser("eval", __doc__.split(":")[1].strip(), config_required=False)
    arguments.add_argument("-w", "--weights", required=True, type=path, metavar="RUN",
                           help="a run's folder or a checkpoint")
    arguments.add_argument("--split", default="val", choices=("train", "val", "test"), help="default: val")
    arguments.add_argument("--out", type=path, metavar="FOLDER", help="for the pictures; default: RUN/eval_SPLIT")
    arguments.add_argument("--threshold", type=float, default=0.5, metavar="S",
                           help="of a detector: least score of the boxes whose errors are shown, 0 to 1; default 0.5")
    options = arguments.parse_args(argv)
    config = run_config(options)

    from functools import partial
    from pathlib import Path

    from ..engine.evaluate import evaluate
    from ..engine.run import eval_loader, open_eval, restore
    from ..explain.report import print_errors, print_result, write_result
    from ..metrics import METRICS
    from ..predict.item import share

    share("threshold", options.threshold)  # a mistake is told before minutes of work
    model, config, classes, saved = restore(options.weights, config)
    dataset = open_eval(config, options.split, classes, saved.path)
    new_metric = partial(METRICS.build, config.eval.metric, "eval.metric", classes=classes, dataset=dataset)
    metric = evaluate(model, eval_loader(config, dataset), new_metric, progress=True)
    out = Path(options.out) if options.out else Path(saved.path).parent / f"eval_{options.split}"
    print_result(metric, options.split, len(dataset))
    title = f"{Path(saved.path).parent.name}: {options.split}, {len(dataset)} pictures"
    result = write_result(metric, dataset, out, config.eval.worst, options.threshold, title)
    if "errors" in result:
        print_errors(result["errors"])
    print(f"pictures in {out}; report.html shows them all")
    return 0
