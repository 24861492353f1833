"""`ppmobile infer`: classify pictures (files, folders, glob patterns) with an exported or a trained model."""

import contextlib
from pathlib import Path

from .arguments import parser, path

SHIPPED = {"runtime": "auto", "threads": 1, "batch_size": 1, "benchmark": False}  # options that need an artefact


def main(argv):
    """Print one line a picture; with --out also write the pictures with the answer drawn on them.

    The exit status is 1 if some of the pictures could not be answered, and 2 if that is so for all of them.
    """
    options = parsed(argv)

    from ..errors import DataError, ExportError

    pictures, readable = outputs(options.inputs), []
    if not Path(options.model).exists():
        raise ExportError(f"{options.model}: no such file or folder; give an artefact, a run's folder or a checkpoint")
    with contextlib.ExitStack() as stack:
        predictor = stack.enter_context(opened(options)) if is_artefact(options.model) else None
        for source, lines, draw in answers(options, predictor, list(pictures)):
            if draw is None:
                print(f"{source}: not answered: {lines}")
                continue
            readable.append(source)
            print(f"{source}: {', '.join(lines)}")
            if options.out:
                write(draw, source, pictures[source], options.out)
        if not readable:
            raise DataError(f"none of the {len(pictures)} pictures could be read")
        if options.out:
            print(f"the answers are drawn in {options.out}")
        if options.benchmark:
            benchmark(predictor, readable, options.batch_size)
    return 0 if len(readable) == len(pictures) else 1


def parsed(argv):
    """The options, checked as far as that needs no model."""
    arguments = parser("infer", __doc__.split(":", 1)[1].strip(), config=False)
    arguments.add_argument("-w", "--weights", "-m", "--model", required=True, type=path, metavar="MODEL", dest="model",
                           help="an artefact's folder (see ppmobile export), a run's folder or a checkpoint")
    arguments.add_argument("inputs", nargs="+", type=path, metavar="PICTURE", help="files, folders or glob patterns")
    arguments.add_argument("--out", type=path, metavar="FOLDER",
                           help="write the pictures with the answers drawn on them, in the subfolders they came from")
    arguments.add_argument("--topk", type=int, default=3, help="answers a picture, default 3")
    more = arguments.add_argument_group("with an artefact")
    more.add_argument("--runtime", metavar="NAME", help="such as paddle-int8; default auto, the fastest that is right")
    more.add_argument("--threads", type=int, metavar="N", help="cores for a run, default 1")
    more.add_argument("--batch-size", type=int, metavar="N", help="pictures a run, if the batch is dynamic; default 1")
    more.add_argument("--benchmark", action="store_true", default=None,
                      help="then time at least 50 predictions of these pictures, step by step")
    options = arguments.parse_args(argv)
    for name in ("topk", "threads", "batch_size"):
        if getattr(options, name) is not None and getattr(options, name) < 1:
            arguments.error(f"--{name.replace('_', '-')} must be at least 1")
    for name, default in SHIPPED.items():
        if getattr(options, name) is None:
            setattr(options, name, default)
        elif Path(options.model).exists() and not is_artefact(options.model):
            arguments.error(f"--{name.replace('_', '-')} needs an artefact, and {options.model} is none; make one with "
                            f"ppmobile export -w {options.model} --out FOLDER")
    return options


def is_artefact(folder):
    """Whether `folder` holds an exported model, by the name of its description alone."""
    from ..artefact import DEPLOY

    return (Path(folder) / DEPLOY).is_file()


def opened(options):
    """The Predictor of the options; prints which runtime was taken, and why."""
    from .. import load

    predictor = load(options.model, options.runtime, options.threads)
    print(f"runtime {predictor.runtime} ({predictor.why})")
    return predictor


def answers(options, predictor, paths):
    """Yield (path, lines of text, function that draws them to a path), or (path, reason, None), for each path."""
    if predictor:
        for source, result in zip(paths, predictor.stream(paths, options.batch_size, options.topk)):
            yield (source, result.error, None) if result.error else (source, result.lines, result.draw)
        return

    from ..engine.infer import classify
    from ..explain.draw import label
    from ..files import write_image

    for source, image, found in classify(options.model, paths, options.topk):
        if image is None:
            yield source, getattr(found, "reason", found), None
            continue
        lines = [f"{name} {score:.1%}" for name, score in found]
        yield source, lines, lambda target, image=image, lines=lines: write_image(target, label(image, lines))


def write(draw, source, name, folder):
    """Draw an answer to `name` in `folder`."""
    draw(Path(folder) / name)
    if Path(name).stem != source.stem:  # else nobody knows which of the equal names it is
        print(f"  {name} <- {source}")


def benchmark(predictor, sources, batch_size):
    """Print the time of each step of a prediction."""
    from ..predict.benchmark import measure, table

    timings = measure(predictor, sources, batch_size)
    fixed = predictor.artefact.shape[0]
    print(*table(timings, f"\n{len(timings)} predictions on {predictor.runtime}, threads={predictor.threads}, "
                          f"batch={batch_size if fixed < 0 else fixed}"), sep="\n")


def outputs(sources):
    """{picture: name of its PNG below --out} of files, folders and patterns, each picture and each name once.

    A folder's subfolders are kept; the second picture of a name becomes NAME-2.png, whatever its letters' case.
    """
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
