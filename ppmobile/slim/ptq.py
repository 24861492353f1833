"""Post-training quantization of an artefact: calibrate, rank the layers, and keep few of the worst in float."""

import contextlib
import importlib.util
import json
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Optional

from ..artefact import GOLDEN, Artefact, golden, read, seal
from ..errors import ExportError, PPMobileError
from ..export.program import load_graph
from ..files import write_text
from ..folders import atomic_folder
from ..lite_python import interpreter
from ..wording import reason
from .bias import shifts
from .calibrate import algorithms, calibrate
from .quantizers import layers
from .rank import answers, merge, rank
from .search import COMMAND, Options, search
from .sqnr import PICTURES, compare, propose, table
from .targets import INT8, LiteTarget, Material, PaddleTarget, matching

TARGETS = ("paddle", "lite", "onnx", "openvino")
AUTO = "auto"  # in keep_float
_NEEDS = {"onnx": ("onnxruntime", "onnx"), "openvino": ("openvino", "nncf")}


@dataclass(frozen=True)
class Settings:
    """algo: of calibrate.ALGORITHMS, or "auto", the best of several for each layer. keep_float: patterns of layers that
    stay in float anyhow, or "auto" for what sqnr.propose finds. max_drop: accuracy that may be lost, 0 to 1, by the
    judge's measure (judge.py). targets: of TARGETS, None for `default_targets`. forgiving: a target that fails is left
    out, but for Paddle's; so are those that nobody asked for. bias_correction: see bias.py. options: their names.
    """

    algo: str = "avg"
    keep_float: tuple = ()
    max_drop: float = 0.01
    targets: Optional[tuple] = None
    forgiving: bool = False
    bias_correction: bool = False
    options: Options = COMMAND


@dataclass(frozen=True)
class Result:
    """artefact: with its int8 files. ranking: of the layers alone, worst first. found: {target: Found}."""

    artefact: Artefact
    ranking: list
    found: dict


def quantize(folder, calibration, check, settings=None, out=None, say=print):
    """Write int8 files into the artefact in `folder`, or a copy of it at `out`; returns a Result.

    calibration, check: Pictures to calibrate on and to measure the loss with. Everything is built beside the artefact
    and then takes its place; after an error it is as before. AccuracyError if Paddle's int8, or that of a target in
    settings.targets, loses more than max_drop; other ExportErrors if it cannot be made.
    """
    settings, source = settings or Settings(), read(folder)
    targets = check_targets(source, settings.targets, settings.options.targets)
    if source.deploy["quantization"]:
        say("the artefact has int8 files already; they are replaced")
    with atomic_folder(out or folder) as new, tempfile.TemporaryDirectory(prefix="ppmobile-") as work:
        copy_fp32(source, new)
        work = Path(work)
        material = Material(Artefact(new, source.deploy, source.files), work / "merged", calibration.images, work)
        ranking = prepare(material, settings, targets, say)
        settings = without_auto(settings, material, say)
        if settings.bias_correction:
            material.shifts = shifts(new, load_graph(material.quantized), material.images)
        found = choose_all(targets, material, ranking, check, settings, say)
        record(new, source.deploy, calibration, check, settings, ranking, found)
    return Result(read(out or folder), ranking, found)


def copy_fp32(source, folder):
    """Copy the files that an Artefact lists but for those of int8; `record` writes the copy's deploy.yml."""
    for name in source.files:
        if not name.startswith(f"{INT8}/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source.path(name), folder / name)


def check_targets(artefact, names=None, option=COMMAND.targets):
    """The targets to make, "paddle" always; ExportError for one that cannot be made of this artefact here.

    option: that names them, for messages.
    """
    if not artefact.has("inference.pdmodel", "inference.pdiparams"):
        raise ExportError(f"{artefact.folder}: has no fp32 graph to quantize; export it again")
    wanted = default_targets(artefact) if names is None else ("paddle", *names)
    for name in wanted:
        absent = [module for module in _NEEDS.get(name, ()) if not importlib.util.find_spec(module)]
        if absent:
            raise ExportError(f"{option} {name}: {absent[0]} is not installed: pip install ppmobile[{name}]")
        if name == "onnx" and not artefact.has("model.onnx"):
            raise ExportError(f"{option} onnx: {artefact.folder} has no model.onnx: export with --for onnx first")
        if name == "lite":
            interpreter()  # ExportError without Paddle Lite, before the long work
    return tuple(name for name in TARGETS if name in wanted)


def default_targets(artefact):
    """Those that the fp32 artefact was made for, as far as their packages are installed."""
    holds = {"lite": artefact.has("model_arm.nb"), "onnx": artefact.has("model.onnx"), "openvino": True}
    here = []
    for name in (name for name in holds if holds[name]):
        with contextlib.suppress(ExportError):
            here += check_targets(artefact, [name])[1:]
    return ("paddle", *here)


def prepare(material, settings, targets, say):
    """The ranking of the layers, worst first; Paddle's quantized graph lies in `material.quantized` afterwards."""
    graph = load_graph(material.artefact.folder)
    names = list(layers(graph))
    patterns = [pattern for pattern in settings.keep_float if pattern != AUTO]
    matching(patterns, names, settings.options.keep_float)  # a mistake there is told before the long work
    say(f"calibrating {', '.join(algorithms(settings.algo))} on {len(material.images)} pictures")
    calibrated = calibrate(material.artefact.folder, material.images, algorithms(settings.algo), material.work / "runs")
    skipped = set.intersection(*(target(name, material).always_float() for name in targets))  # in int8 nowhere
    ranked = [name for name in names if name not in skipped]
    images = material.images[:material.judge.pictures]
    say(f"quantizing each of {len(ranked)} layers alone, on {len(images)} pictures")
    ranking = rank(material.artefact.folder, calibrated, ranked, images, material.judge)
    return merge(calibrated, ranking, material.quantized)


def without_auto(settings, material, say):
    """The Settings with the layers whose own noise is too great in the place of "auto"."""
    if AUTO not in settings.keep_float:
        return settings
    rows = compare(material.artefact.folder, load_graph(material.quantized), material.images[:PICTURES])
    say("\n".join(table(rows)))
    patterns = [pattern for pattern in settings.keep_float if pattern != AUTO]
    return replace(settings, keep_float=(*patterns, *propose(rows)))


def target(name, material):
    """The Target called so."""
    if name == "onnx":
        from .onnx_int8 import OnnxTarget as cls
    elif name == "openvino":
        from .openvino_int8 import OpenVinoTarget as cls
    else:
        cls = {"paddle": PaddleTarget, "lite": LiteTarget}[name]
    return cls(material)


def choose_all(targets, material, ranking, check, settings, say):
    """{target: Found}, all built. A target that fails in any way ends it, unless the Settings are forgiving."""
    want, found = answers(load_graph(material.artefact.folder), check.images, material.judge.read), {}
    for name in targets:
        made = target(name, material)
        try:
            with explained(name, settings.options):
                found[name] = choose(made, ranking, check, want, settings, say, found)
        except PPMobileError as error:
            if name == "paddle" or not (settings.forgiving or settings.targets is None):
                raise
            made.discard()
            say(f"left out: {error}")
    return found


@contextlib.contextmanager
def explained(name, options=COMMAND):
    """Inside, whatever a library raises while a target is made becomes an ExportError of one line."""
    try:
        yield
    except PPMobileError:
        raise
    except Exception as error:  # OpenVINO, nncf and ONNX Runtime have no base of their own
        leave = "" if name == "paddle" else f", or leave {name} out of {options.targets}"
        raise ExportError(f"{name}: int8 cannot be made of this net ({type(error).__name__}: {reason(error)}); keep "
                          f"layers in float with {options.keep_float}{leave}") from error


def choose(made, ranking, check, want, settings, say, before):
    """Build a Target with as few layers in float as `search` finds to keep the accuracy; the Found.

    want: answers of the fp32 net for `check`. before: {target: Found} of those that are done; the search starts with
    as many layers as the first of them took, since most layers suffer alike everywhere.
    """
    always = made.always_float()
    names = list(layers(load_graph(made.folder)))
    asked = matching(settings.keep_float, names, settings.options.keep_float)
    fixed = tuple(dict.fromkeys([*asked, *(name for name in names if name in always)]))
    worst = [entry.layer for entry in ranking if entry.layer not in fixed]

    built = set()

    def measure(keep_float):
        nonlocal built
        made.build(keep_float)
        built = keep_float
        return made.material.judge.cost(made.answers(check.images), want, check.truths)

    first = next((found.count for found in before.values()), 0)
    found = search(made.name, worst, fixed, measure, settings.max_drop, say, first, settings.options)
    if built != set(found.keep_float):  # the last try was another
        made.build(set(found.keep_float))
    made.finish()
    return found


def record(folder, deploy, calibration, check, settings, ranking, found):
    """Write what was done to an artefact; its `ranges` are {layer: algorithm} as set in the graph."""
    record_int8(folder, deploy, {"algo": settings.algo, "calibration": calibration.origin, "check": check.origin,
                                 "ranges": {entry.layer: entry.algorithm for entry in ranking}}, found)


def record_int8(folder, deploy, about, found, simulated=None):
    """Write `quantization` into deploy.yml, and into its copy in the golden sample; seals the folder.

    about: {algo, calibration, check, ranges}. found: {target: Found}. simulated: {target: share of answers as in the
    simulation of a training}. OpenVINO's nncf finds its own ranges, but for a trained net's.
    """
    targets = {name: _plain(entry) for name, entry in found.items()}
    for name, share in (simulated or {}).items():
        targets[name]["simulated"] = round(share, 4)
    deploy = {**deploy, "quantization": {**about, "targets": targets}}
    sample = {**golden(folder), "deploy": deploy}
    write_text(folder / GOLDEN, json.dumps(sample, ensure_ascii=False) + "\n")
    seal(folder, deploy)


def _plain(found):
    """A Found as deploy.yml says it."""
    numbers = {key: round(value, 4) for key, value in found.loss.fields().items()}
    return {"keep_float": list(found.keep_float), **numbers}
