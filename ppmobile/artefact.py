"""The artefact folder that an export writes and predictors read, with proof that nobody changed it; without paddle."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from .errors import ExportError
from .files import sha256, write_text
from .wording import show
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
    problems = [*_fields(deploy), *_files(folder, files), *_changes(folder, deploy, files)]
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

    picture: the name of its file. input: {"shape", "sha256"} of the preprocessed tensor. output: the (1, C) answer of
    the training graph as lists. layers: {layer path: {"shape", "at": flat indices, "values", "mean"}}, samples of
    the output of each layer in the training graph, and its mean. deploy: a copy of deploy.yml without its `files`.
    """
    path = Path(folder) / GOLDEN
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(f"{path}: cannot be read ({error}); {AGAIN}") from error


def _check_format(folder, deploy):
    found = deploy.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise ExportError(f"{folder / DEPLOY}: format {found} is newer than this ppmobile understands ({FORMAT}); "
                          "pip install --upgrade ppmobile")
    if found != FORMAT:
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
    """Each value of deploy.yml that differs from the copy in the golden sample."""
    path = folder / GOLDEN
    if not path.is_file() or sha256(path) != files.get(GOLDEN):
        return []  # told by _files already
    return [f"{DEPLOY}: {place} is {show(now)}, but was {show(then)} when exported"
            for place, now, then in differences(deploy, golden(folder)["deploy"])]


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
