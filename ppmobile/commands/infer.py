"""`ppmobile infer`: classify pictures (files, folders, glob patterns) with a trained model and draw the answers."""

from .arguments import parser


def main(argv):
    """Print one line a picture; with --out also write the pictures with the answer drawn on them."""
    arguments = parser("infer", __doc__.split(":", 1)[1].strip(), config=False)
    arguments.add_argument("-w", "--weights", required=True, metavar="RUN", help="a run's folder or a checkpoint")
    arguments.add_argument("inputs", nargs="+", metavar="PICTURE", help="files, folders or glob patterns")
    arguments.add_argument("--out", metavar="FOLDER", help="write the pictures with the answers drawn on them")
    arguments.add_argument("--topk", type=int, default=3, help="answers a picture, default 3")
    options = arguments.parse_args(argv)
    if options.topk < 1:
        arguments.error("--topk must be at least 1")

    from pathlib import Path

    from ..engine.infer import classify
    from ..errors import DataError
    from ..explain.draw import label
    from ..files import list_images, write_image

    paths = [path for source in options.inputs for path in list_images(source)]
    failed = 0
    for path, image, answers in classify(options.weights, paths, options.topk):
        if image is None:
            failed += 1
            print(f"{path}: not answered: {answers}")
            continue
        lines = [f"{name} {score:.1%}" for name, score in answers]
        print(f"{path}: {', '.join(lines)}")
        if options.out:
            write_image(Path(options.out) / f"{path.stem}.png", label(image, lines))
    if failed == len(paths):
        raise DataError(f"none of the {failed} pictures could be read")
    return 0
