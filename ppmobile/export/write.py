"""From a trained net to an artefact folder: graphs for every target, deploy.yml, the golden sample, all or nothing."""

import datetime
import platform
from pathlib import Path

from .. import __version__
from ..artefact import DEPLOY, FORMAT, VERIFY, read, seal
from ..doctor import installed
from ..errors import ConfigError, ExportError
from ..files import sha256, write_text
from ..folders import atomic_folder
from ..slim.qat.layers import float_form
from ..transforms import Compose
from ..wording import suggestion
from . import golden, paddle_graph

TARGETS = ("paddle", "pir", "lite", "onnx", "openvino", "paddlex", "full")
PACKAGES = ("paddlepaddle", "paddlepaddle-gpu", "paddlelite", "paddle2onnx", "openvino", "numpy", "opencv-python",
            "opencv-python-headless")


def export(weights, out, config=None, targets=("paddle",), picture=None, dynamic=(), overwrite=False, say=print):
    """Write the artefact of a run folder or checkpoint to the folder `out`, and read it back; returns the Artefact.

    config: what to use instead of the config saved with the run. targets: names of TARGETS; "paddle" is always there.
    picture: the golden sample's; by default the first of the val split. dynamic: "batch", "size" or both may vary
    instead of being fixed. Nothing is left behind, and an older artefact stays, if a target cannot be made.
    """
    from ..engine.run import restore

    check_targets(targets, dynamic)
    check_place(out, overwrite)
    model, config, classes, saved = restore(weights, config)
    source = {"checkpoint": Path(saved.path).name, "sha256": sha256(saved.path),
              "date": datetime.date.today().isoformat()}
    return export_model(model, config, classes, out, targets, picture, dynamic, source, say)


def export_model(model, config, classes, out, targets=("paddle",), picture=None, dynamic=(), source=None, say=print):
    """The same for a Model in memory: it is put into evaluation mode, and may have any weights.

    One in simulated int8 gives an fp32 graph of its weights as they are, and int8 files with its ranges.
    """
    model.eval()
    trained, model = model, float_form(model)
    preprocess = Compose(config.transforms.eval, "transforms.eval").to_config()
    picture = picture or golden.find_picture(config)
    image = golden.input_of(picture, preprocess)
    shape = input_shape(image.shape, dynamic)
    net = paddle_graph.deployed(model)
    deploy = deploy_fields(config, classes, preprocess, shape, source or {}, model.head.postprocess(classes))
    with atomic_folder(out) as folder:
        say(f"paddle: graph for input {shape}")
        paddle_graph.write_graph(net, shape, folder)
        for target in (name for name in WRITERS if name in targets):
            WRITERS[target](folder, net, deploy, say)
        golden.write_golden(folder, picture, image, model, net, deploy)
        seal(folder, deploy)
        if trained is not model:
            from ..slim.qat.export import write_int8

            write_int8(folder, trained, config, targets, image, say)
    return read(out)


def check_targets(targets, dynamic=()):
    """ConfigError for a target or a dynamic axis that there is not."""
    for given, known, option in ((targets, TARGETS, "--for"), (dynamic, ("batch", "size"), "--dynamic")):
        for name in given:
            if name not in known:
                hint = suggestion(name, known)
                raise ConfigError(f"{option}: unknown {name!r}.{hint} Known: {', '.join(known)}")
    if dynamic and "lite" in targets:
        raise ConfigError("--dynamic: Paddle Lite is given fixed shapes here; leave `lite` or --dynamic out")


def check_place(out, overwrite):
    """ExportError if `out` is a file, holds other things than an artefact, or an artefact that may not be replaced."""
    out = Path(out)
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / DEPLOY).is_file():
        raise ExportError(f"{out}: there is something else than an artefact; choose another folder")
    if not overwrite:
        raise ExportError(f"{out}: holds an artefact already; --overwrite replaces it, or choose another folder")
    check_nothing_else(out)


def check_nothing_else(out):
    """ExportError if an artefact's folder, which is about to be replaced, holds files that no export wrote."""
    ours = {DEPLOY, VERIFY, *read(out, check=False).files}
    others = [name for path in sorted(Path(out).rglob("*")) if path.is_file()
              and (name := path.relative_to(out).as_posix()) not in ours]
    if others:
        raise ExportError(f"{out}: would be replaced, with {others[0]} in it, which no export wrote; move it elsewhere "
                          "first")


def input_shape(shape, dynamic):
    """[N, 3, H, W] of the graph's input, -1 for what may vary."""
    batch, channels, height, width = shape
    size = [-1, -1] if "size" in dynamic else [height, width]
    return [-1 if "batch" in dynamic else batch, channels, *size]


def deploy_fields(config, classes, preprocess, shape, source, postprocess):
    """What deploy.yml says, beside the hashes of the files. postprocess: what the head says of reading its answers."""
    versions = {"ppmobile": __version__, "python": platform.python_version()}
    versions.update({name: version for name in PACKAGES if (version := installed(name))})
    model = {key: dict(part) for key in ("backbone", "neck", "head") if (part := getattr(config.model, key))}
    return {"format": FORMAT, "task": config.task, "model": model,
            "input": {"name": "image", "shape": shape}, "preprocess": preprocess,
            "postprocess": postprocess, "classes": list(classes), "quantization": None,
            "source": source, "versions": versions}


def _pir(folder, net, deploy, say):
    say("pir: Paddle 3's own graph format")
    paddle_graph.write_new_graph(net, deploy["input"]["shape"], folder / "pir")


def _lite(folder, net, deploy, say):
    from .lite import convert

    for target in ("arm", "x86"):
        say(f"lite: model_{target}.nb")
        convert(folder, folder / f"model_{target}.nb", target)


def _onnx(folder, net, deploy, say):
    from .onnx import convert

    say("onnx: model.onnx")
    convert(folder, folder / "model.onnx")


def _openvino(folder, net, deploy, say):
    """OpenVINO reads the Paddle graph itself: it is tried, and nothing is written."""
    from .openvino import try_reading

    say("openvino: reads the paddle graph")
    try_reading(folder)


def _paddlex(folder, net, deploy, say):
    from .paddlex import FILE, inference_yml

    if deploy["task"] == "detect":
        _full(folder, net, deploy, say, known=True)
        return
    say("paddlex: inference.yml")
    text = inference_yml(deploy["model"]["backbone"], deploy["preprocess"], deploy["classes"],
                         deploy["postprocess"]["topk"])
    write_text(folder / FILE, text)


def _full(folder, net, deploy, say, known=False):
    """The graph with boxes inside, and what PaddleX wants to know of it. known: whether PaddleX must know the model."""
    from .full_graph import FOLDER, write_full_graph
    from .paddlex_boxes import FILE, describe

    if deploy["task"] != "detect":
        raise ExportError("--for full: only a detector has a graph with suppression inside; leave `full` out")
    target = folder / FOLDER
    if (target / FILE).is_file():  # `paddlex` and `full` are the same files
        return
    head = type(net.model.head).__name__
    text, with_size = describe(head, deploy, known)
    say(f"full: boxes inside the graph, {FOLDER}/{FILE}")
    write_full_graph(net, deploy["input"]["shape"], target, with_size)
    write_text(target / FILE, text)


WRITERS = {"pir": _pir, "lite": _lite, "onnx": _onnx, "openvino": _openvino, "paddlex": _paddlex,
           "full": _full}
