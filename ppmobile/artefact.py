"""The artefact folder that an export writes and predictors read, with proof that nobody changed it; without paddle."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from .deploy_boxes import LONGEST, finite, postprocess_problem, rows_problem, sample_problem
from .errors import ExportError
from .files import sha256, write_text
from .wording import expected, show
from .yaml_text import dump_flow, dump_yaml, parse_yaml

FORMAT = 1  # grows when an older reader would misread the folder
DEPLOY = "deploy.yml"
VERIFY = "verify.json"  # written by verify on each machine, so not among the files with a hash
GOLDEN = "golden.json"
AGAIN = "export it again, or copy the whole folder again"
GONE = "(nothing)"  # how a message shows a value that is not there
# what deploy.yml holds, beside `files`; a missing or unknown field is an error
FIELDS = ("format", "task", "model", "input", "preprocess", "postprocess", "classes", "quantization", "source",
          "versions")
CHANNELS = 3  # of a graph's input


@dataclass
class Artefact:
    """An artefact folder that was read, and checked unless asked otherwise.

    deploy: the fields of deploy.yml. files: {name: sha256} of the other files; names use "/" below the folder.
    problems: what `read(check=False)` found wrong, in words that name file or field; [] when all is well.
    """

    folder: Path
    deploy: dict
    files: dict
    problems: list = field(default_factory=list)

    def path(self, name):
        """The Path of a file of the artefact, e.g. "inference.pdmodel"."""
        return self.folder / name

    def has(self, *names):
        """Whether the artefact holds all these files."""
        return all(name in self.files for name in names)

    @property
    def classes(self):
        """Class names in the order of the outputs."""
        return self.deploy["classes"]

    @property
    def shape(self):
        """[N, 3, H, W] of the input; -1 where any size will do."""
        return list(self.deploy["input"]["shape"])

    @property
    def digest(self):
        """One sha256 that stands for the whole content (that of deploy.yml, which holds all the others)."""
        return sha256(self.folder / DEPLOY)


def read(folder, check=True):
    """The Artefact in `folder`. ExportError names the first file or field that is missing or was changed.

    check: False notes such findings in `problems` and goes on, for verify, which wants to see what they do.
    """
    folder = Path(folder)
    if not (folder / DEPLOY).is_file():
        raise ExportError(f"{folder}: no artefact (it has no {DEPLOY}); make one with ppmobile export")
    try:
        deploy = parse_yaml((folder / DEPLOY).read_text(encoding="utf-8"), folder / DEPLOY)
    except UnicodeDecodeError as error:
        raise ExportError(f"{folder / DEPLOY}: is damaged, it is not UTF-8 text; {AGAIN}") from error
    if not isinstance(deploy, dict):
        raise ExportError(f"{folder / DEPLOY}: expected fields such as task and classes; {AGAIN}")
    _check_format(folder, deploy)
    files = deploy.pop("files", None)
    if not isinstance(files, dict):
        raise ExportError(f"{folder / DEPLOY}: files: the list of files and hashes is missing; {AGAIN}")
    problems = [*_fields(deploy), *_files(folder, files), *_changes(folder, deploy, files), *_types(deploy)]
    if problems and check:
        raise ExportError(f"{folder}: {problems[0]}; {AGAIN}")
    return Artefact(folder, deploy, files, problems)


def seal(folder, deploy):
    """Write deploy.yml with the hashes of all files in `folder`; the exporter's last step.

    The golden sample must be there already, with its copy of `deploy` (export/golden.py).
    """
    folder = Path(folder)
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    files = {name: sha256(folder / name) for name in names if name not in (DEPLOY, VERIFY)}
    lines = "".join(f"  {dump_flow(name)}: {digest}\n" for name, digest in files.items())
    write_text(folder / DEPLOY, f"{dump_yaml(deploy)}files:\n{lines}")


def golden(folder):
    """The golden sample, a dict: what one real picture gave when the artefact was made (written by export/golden.py).

    picture: the name of its file. input: {"shape", "sha256"} of the preprocessed tensor. output: the answer of the
    training graph as lists, (1, C) probabilities, or (k, 6) class, score and box in pixels of the input for a detector.
    raw: samples of a detector's raw outputs, if they have an order. layers: {layer path: {"shape", "at": flat indices,
    "values", "mean"}}, samples of the output of each layer in the training graph, and its mean. deploy: a copy of
    deploy.yml without its `files`.
    ExportError names the key that is not like that.
    """
    sample, problem = _load_golden(Path(folder) / GOLDEN)
    if problem:
        raise ExportError(f"{Path(folder) / GOLDEN}: {problem}; {AGAIN}")
    return sample


def _load_golden(path):
    """(content, '') or (None, what is wrong with it)."""
    try:
        sample = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        return None, f"cannot be read ({error})"
    return sample, _golden_types(sample)


def _check_format(folder, deploy):
    found = deploy.get("format")
    if type(found) is int and found > FORMAT:
        raise ExportError(f"{folder / DEPLOY}: format {found} is newer than this ppmobile understands ({FORMAT}); "
                          "pip install --upgrade ppmobile")
    if type(found) is not int or found != FORMAT:  # True == 1 in Python
        raise ExportError(f"{folder / DEPLOY}: format: expected {FORMAT}, got {show(found)}; {AGAIN}")


def _fields(deploy):
    missing = [name for name in FIELDS if name not in deploy]
    unknown = [name for name in deploy if name not in FIELDS]
    return [f"{DEPLOY}: {name}: the field is missing" for name in missing] + \
           [f"{DEPLOY}: {name}: unknown field" for name in unknown]


def _files(folder, files):
    """What is missing or was changed among the files."""
    for name, digest in files.items():
        path = folder / str(name)
        if ".." in Path(str(name)).parts or Path(str(name)).is_absolute():
            yield f"{DEPLOY}: files: {show(name)} lies outside the folder"
        elif not path.is_file():
            yield f"{name} is missing"
        elif sha256(path) != digest:
            yield f"{name} was changed since the export (its sha256 differs from the one in {DEPLOY})"
    if GOLDEN not in files:
        yield f"{DEPLOY}: files: {GOLDEN} is missing from the list"


def _changes(folder, deploy, files):
    """What is wrong with the golden sample, and each value of deploy.yml that differs from the copy in it."""
    path = folder / GOLDEN
    if not path.is_file() or sha256(path) != files.get(GOLDEN):
        return []  # told by _files already
    sample, problem = _load_golden(path)
    if problem:
        return [f"{GOLDEN}: {problem}"]
    outside = [] if sample["picture"] in files else [
        f"{GOLDEN}: picture: {show(sample['picture'])} is not among the files of {DEPLOY}"]
    return outside + [f"{DEPLOY}: {place} is {show(now)}, but was {show(then)} when exported"
                      for place, now, then in differences(deploy, sample["deploy"])]


def _types(deploy):
    """What is not of the type that predictors and verify take for granted, whoever wrote it."""
    task = _known(deploy)
    problems = {"task": _task_problem, "input": _input_problem, "preprocess": _preprocess_problem,
                "postprocess": TASKS[task][0], "classes": _classes_problem}
    found = {name: problem(deploy[name]) for name, problem in problems.items() if name in deploy}
    return [f"{DEPLOY}: {name}{text}" for name, text in found.items() if text]


def _known(deploy):
    """The task of the fields of deploy.yml; "classify" if it is none of TASKS."""
    task = deploy.get("task") if isinstance(deploy, dict) else None
    return task if isinstance(task, str) and task in TASKS else "classify"


def _task_problem(value):
    return "" if isinstance(value, str) and value in TASKS else f": expected {' or '.join(TASKS)}, got {show(value)}"


def _input_problem(value):
    shape = value.get("shape") if isinstance(value, dict) else None
    if not isinstance(value, dict):
        return f": {expected(dict, value)}"
    if not (isinstance(shape, list) and len(shape) == 4 and shape[1] == CHANNELS and all(
            type(size) is int and (size == -1 or 1 <= size <= LONGEST) for size in shape)):
        return (f".shape: expected [N, {CHANNELS}, height, width], whole numbers up to {LONGEST} or -1, "
                f"got {show(shape)}")
    return ""


def _preprocess_problem(value):
    if not isinstance(value, list):
        return f": {expected(list, value)}"
    wrong = [i for i, step in enumerate(value) if not (isinstance(step, dict) and isinstance(step.get("name"), str))]
    return f".{wrong[0]}: expected a step such as {{name: ToCHW}}, got {show(value[wrong[0]])}" if wrong else ""


def _topk_problem(value):
    if not isinstance(value, dict):
        return f": {expected(dict, value)}"
    topk = value.get("topk")
    return "" if type(topk) is int and topk >= 1 else f".topk: expected a whole number of at least 1, got {show(topk)}"


def _classes_problem(value):
    if not isinstance(value, list) or not value:
        return f": expected a list of names, got {show(value)}"
    wrong = [i for i, name in enumerate(value) if not isinstance(name, str)]
    return f".{wrong[0]}: {expected(str, value[wrong[0]])}" if wrong else ""


def _golden_types(sample):
    """'' or the first key of a golden sample that is missing or of another type than its readers take for granted."""
    if not isinstance(sample, dict):
        return expected(dict, sample)
    for name, kind in (("picture", str), ("input", dict), ("output", list), ("layers", dict), ("deploy", dict)):
        if not isinstance(sample.get(name), kind):
            return f"{name}: {expected(kind, sample.get(name))}"
    tensor, output = sample["input"], sample["output"]
    if not isinstance(tensor.get("shape"), list) or not isinstance(tensor.get("sha256"), str):
        return f"input: expected shape and sha256, got {show(tensor)}"
    if not isinstance(sample.get("raw", []), list):
        return f"raw: {expected(list, sample['raw'])}"
    kept = {**{f"layers.{path}": one for path, one in sample["layers"].items()},
            **{f"raw.{number}": one for number, one in enumerate(sample.get("raw", []))}}
    found = (f"{place}: {problem}" for place, one in kept.items() if (problem := sample_problem(one)))
    return next(found, "") or TASKS[_known(sample["deploy"])][1](output)


def _scores_problem(output):
    if len(output) != 1 or not isinstance(output[0], list) or not output[0] or not all(map(finite, output[0])):
        return f"output: expected a list of one list of finite numbers, got {show(output)}"
    return ""


# what checks a task's postprocess, and the golden sample's output
TASKS = {"classify": (_topk_problem, _scores_problem), "detect": (postprocess_problem, rows_problem)}


def differences(now, then, place=""):
    """[(dotted place, value now, value then)] of two trees of dicts, lists and plain values."""
    if isinstance(now, dict) and isinstance(then, dict):
        keys = [*then, *(key for key in now if key not in then)]
    elif isinstance(now, list) and isinstance(then, list):
        keys = range(max(len(now), len(then)))
    else:
        return [] if now == then and type(now) is type(then) else [(place, now, then)]
    found = []
    for key in keys:
        name = f"{place}.{key}" if place else str(key)
        if _has(now, key) and _has(then, key):
            found += differences(now[key], then[key], name)
        else:
            found.append((name, now[key] if _has(now, key) else GONE, then[key] if _has(then, key) else GONE))
    return found


def _has(tree, key):
    return key in tree if isinstance(tree, dict) else key < len(tree)
