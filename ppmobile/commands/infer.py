"""`ppmobile infer`: answer for pictures (files, folders, glob patterns) and videos with a trained or exported model."""

import contextlib
import json
from pathlib import Path

from .arguments import parser, path

SHIPPED = {"runtime": "auto", "threads": 1, "batch_size": 1, "benchmark": False}  # options that need an artefact
TOPK = 3  # answers a picture of a classifier


def main(argv):
    """Print one line a picture or video; with --out also write them with the answers drawn on them.

    The exit status is 1 if some of them could not be answered, and 2 if that is so for all of them.
    """
    options = parsed(argv)

    from ..errors import DataError, ExportError

    named = outputs(options.inputs)
    pictures, videos = split(named)
    if options.benchmark and not pictures:
        raise DataError("--benchmark times pictures, and none was given; add a picture to the videos")
    if options.out:
        spare_sources(named, options.out)
    if not Path(options.model).exists():
        raise ExportError(f"{options.model}: no such file or folder; give an artefact, a run's folder or a checkpoint")
    with contextlib.ExitStack() as stack:
        model, stream = opened(options, stack)
        tell = stack.enter_context(json_lines(options.json)) if options.json else None
        answered = answer_pictures(pictures, stream, named, options.out, tell)
        readable = len(answered) + sum(answer_video(video, stream, named[video], options.out, tell) for video in videos)
        if not readable:
            raise DataError(f"none of the {len(named)} {'files' if videos else 'pictures'} could be read")
        if options.out:
            print(f"the answers are drawn in {options.out}")
        if options.benchmark:
            benchmark(model, answered, options.batch_size)
    return 0 if readable == len(named) else 1


def parsed(argv):
    """The options, checked as far as that needs no model."""
    arguments = parser("infer", __doc__.split(":", 1)[1].strip(), config=False)
    arguments.add_argument("-w", "--weights", "-m", "--model", required=True, type=path, metavar="MODEL", dest="model",
                           help="an artefact's folder (see ppmobile export), a run's folder or a checkpoint")
    arguments.add_argument("inputs", nargs="+", type=path, metavar="PICTURE",
                           help="files, folders or glob patterns; also video files")
    arguments.add_argument("--out", type=path, metavar="FOLDER",
                           help="write the pictures with the answers drawn on them, in the subfolders they came from, "
                                "and videos as .mp4")
    arguments.add_argument("--json", type=path, metavar="FILE",
                           help="write the answers, a line of JSON for each picture and each frame of a video")
    arguments.add_argument("--topk", type=int, metavar="N", help=f"of a classifier: answers a picture, default {TOPK}")
    arguments.add_argument("--threshold", type=float, metavar="S",
                           help="of a detector: least score of a box, 0 to 1; default: the model's, usually 0.5")
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


def opened(options, stack):
    """(model, function from sources to a stream of results) of an artefact, whose runtime is printed, or of a run."""
    if is_artefact(options.model):
        from .. import load

        model = stack.enter_context(load(options.model, options.runtime, options.threads))
        print(f"runtime {model.runtime} ({model.why})")
        more, task = {"batch_size": options.batch_size}, model.artefact.deploy["task"]
    else:
        from ..engine.infer import Trained

        model, more = Trained(options.model), {}
        task = model.task
    topk = TOPK if options.topk is None and task == "classify" else options.topk
    return model, lambda sources: model.stream(sources, topk=topk, threshold=options.threshold, **more)


def split(sources):
    """([pictures], [videos]) of paths, by their suffix."""
    from ..predict.video import is_video

    return [source for source in sources if not is_video(source)], [source for source in sources if is_video(source)]


def answer_pictures(paths, stream, named, out, tell):
    """Print, tell and draw the answer for each picture; the list of those that could be read."""
    readable = []
    for source, result in zip(paths, stream(paths)):
        if tell:
            tell(result.to_dict())
        if result.error:
            print(f"{source}: not answered: {result.error}")
            continue
        readable.append(source)
        print(f"{source}: {', '.join(result.lines) or 'nothing found'}")
        if out:
            result.draw(Path(out) / named[source])
            note_name(source, named[source])
    return readable


def answer_video(source, stream, name, out, tell):
    """Print, tell and draw the answers for one video; whether it could be read."""
    from ..errors import DataError
    from ..predict.annotate import annotate

    try:
        summary = annotate(source, stream, Path(out) / name if out else None, tell, progress=True)
    except DataError as error:
        if tell:
            tell({"path": str(source), "error": error.reason})
        print(f"{source}: not answered: {error.reason}")
        return False
    print(f"{source}: {summary.line}")
    if out:
        note_name(source, name)
    return True


def note_name(source, name):
    """Print which picture an answer of another name belongs to; else nobody knows which of the equal names it is."""
    if Path(name).stem != Path(source).stem:
        print(f"  {name} <- {source}")


@contextlib.contextmanager
def json_lines(file):
    """A function that adds a dict to `file` as a line of JSON; the file appears once the block succeeds."""
    from ..files import atomic_write

    with atomic_write(file) as temporary:
        with open(temporary, "w", encoding="utf-8") as lines:
            yield lambda answer: lines.write(json.dumps(answer, ensure_ascii=False) + "\n")


def benchmark(predictor, sources, batch_size):
    """Print the time of each step of a prediction."""
    from ..errors import DataError
    from ..predict.benchmark import measure, table

    if not sources:
        raise DataError("--benchmark times pictures, and none of them could be read; give one that can")
    timings = measure(predictor, sources, batch_size)
    fixed = predictor.artefact.shape[0]
    print(*table(timings, f"\n{len(timings)} predictions on {predictor.runtime}, threads={predictor.threads}, "
                          f"batch={batch_size if fixed < 0 else fixed}"), sep="\n")


def outputs(sources):
    """{picture: name of its file below --out} of files, folders and patterns, each picture and each name once.

    A folder's subfolders are kept; the second picture of a name becomes NAME-2.png, whatever its letters' case.
    Videos count if they are named themselves; theirs is NAME.mp4.
    """
    named, used = {}, set()
    for source in sources:
        for picture, suffix in found(source):
            if picture in named:
                continue
            plain = (picture.relative_to(source) if Path(source).is_dir() else Path(picture.name)).with_suffix("")
            name, number = f"{plain}{suffix}", 1
            while name.casefold() in used:
                number += 1
                name = f"{plain}-{number}{suffix}"
            used.add(name.casefold())
            named[picture] = name
    return named


def spare_sources(named, out):
    """DataError if an answer drawn in the folder `out` would take the place of one of the files it is drawn from."""
    from ..errors import DataError

    sources = {path.resolve() for path in named}
    for name in named.values():
        if (Path(out) / name).resolve() in sources:
            raise DataError(f"--out {out}: {Path(out) / name} is among the files to answer for, and would be "
                            "overwritten; choose another folder")


def found(source):
    """[(path, suffix of its answer)] of the pictures of a folder, pattern or file, or of the videos that it names."""
    import glob

    from ..files import list_images
    from ..predict.video import is_video

    if is_video(source) and not Path(source).is_dir():
        exact = Path(source).is_file()  # v[1].mp4 is a name, if there is such a file
        paths = [Path(source)] if exact else [Path(one) for one in sorted(glob.glob(str(source), recursive=True))]
        # one that is not there stays, to be told with those that cannot be read
        return [(one, ".mp4") for one in paths if is_video(one)] or [(Path(source), ".mp4")]
    return [(picture, ".png") for picture in list_images(source)]
