"""`ppmobile infer`: classify pictures (files, folders, glob patterns) with a trained model and draw the answers."""

from .arguments import parser, path


def main(argv):
    """Print one line a picture; with --out also write the pictures with the answer drawn on them.

    The exit status is 1 if some of the pictures could not be answered, and 2 if that is so for all of them.
    """
    arguments = parser("infer", __doc__.split(":", 1)[1].strip(), config=False)
    arguments.add_argument("-w", "--weights", required=True, type=path, metavar="RUN",
                           help="a run's folder or a checkpoint")
    arguments.add_argument("inputs", nargs="+", type=path, metavar="PICTURE", help="files, folders or glob patterns")
    arguments.add_argument("--out", type=path, metavar="FOLDER",
                           help="write the pictures with the answers drawn on them, in the subfolders they came from")
    arguments.add_argument("--topk", type=int, default=3, help="answers a picture, default 3")
    options = arguments.parse_args(argv)
    if options.topk < 1:
        arguments.error("--topk must be at least 1")

    from pathlib import Path

    from ..engine.infer import classify
    from ..errors import DataError
    from ..explain.draw import label
    from ..files import write_image

    pictures = outputs(options.inputs)
    failed = 0
    for source, image, answers in classify(options.weights, list(pictures), options.topk):
        if image is None:
            failed += 1
            print(f"{source}: not answered: {getattr(answers, 'reason', answers)}")
            continue
        lines = [f"{name} {score:.1%}" for name, score in answers]
        print(f"{source}: {', '.join(lines)}")
        if options.out:
            write_image(Path(options.out) / pictures[source], label(image, lines))
            if Path(pictures[source]).stem != source.stem:  # else nobody knows which of the equal names it is
                print(f"  {pictures[source]} <- {source}")
    if failed == len(pictures):
        raise DataError(f"none of the {failed} pictures could be read")
    if options.out:
        print(f"the answers are drawn in {options.out}")
    return 1 if failed else 0


def outputs(sources):
    """{picture: name of its PNG below --out} of files, folders and patterns, each picture and each name once.

    A folder's subfolders are kept; the second picture of a name becomes NAME-2.png, whatever its letters' case.
    """
    from pathlib import Path

    from ..files import list_images

    named, used = {}, set()
    for source in sources:
        for picture in list_images(source):
            if picture in named:
                continue
            plain = (picture.relative_to(source) if Path(source).is_dir() else Path(picture.name)).with_suffix("")
            name, number = f"{plain}.png", 1
            while name.casefold() in used:
                number += 1
                name = f"{plain}-{number}.png"
            used.add(name.casefold())
            named[picture] = name
    return named
