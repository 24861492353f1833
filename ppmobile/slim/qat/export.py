"""The int8 files of a net trained in simulated int8: its ranges are in the checkpoint, nothing is calibrated."""

import tempfile
from pathlib import Path

import numpy as np
import paddle

from ...artefact import read
from ...errors import DataError
from ...export.compare import arrays
from ...export.program import load_graph, save_graph
from ..pictures import Pictures, gather
from ..ptq import explained, record_int8, target
from ..quantizers import layers
from ..rank import answers
from ..search import Found, Options
from ..targets import Material
from .graph import quantize_graph
from .layers import ranges

NAMES = Options(keep_float="keep_float of the step QAT")  # the other options are the export's
COUNT = 64  # pictures of which ONNX Runtime takes the ranges of outputs, which were not rounded in training


def write_int8(folder, model, config, targets, image, say=print):
    """Write int8 files for Paddle and `targets` into the artefact in `folder`, and what they lose into its deploy.yml.

    model: the net in simulated int8, in evaluation mode. targets: of export.write.TARGETS; those without int8 are
    passed over. image: (1, 3, H, W), the golden sample's, to measure on where the config's pictures are not here.
    """
    artefact = read(folder)
    train, check = _pictures(artefact, config, image, say)
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as work:
        material = Material(artefact, Path(work) / "quantized", train.images, Path(work))
        limits = ranges(model)
        save_graph(quantize_graph(load_graph(folder), limits), material.quantized)
        want = answers(load_graph(folder), check.images, material.judge.read)
        simulated = trained_answers(model, check.images, material.judge.read)
        keep_float = tuple(name for name in layers(load_graph(folder)) if name not in limits)
        found, alike = {}, {}
        for name in ("paddle", *(name for name in ("lite", "onnx", "openvino") if name in targets)):
            made = _target(name, material, limits)
            with explained(name, NAMES):
                made.build(set(keep_float))
                made.finish()
                got = made.answers(check.images)
            found[name] = Found(keep_float, 0, material.judge.cost(got, want, check.truths))
            alike[name] = material.judge.cost(got, simulated).agreement
            say(f"{name}: int8: {found[name].loss}, {alike[name]:.1%} as the training's simulation")
    record_int8(Path(folder), artefact.deploy, {
        "algo": "qat", "calibration": None, "check": check.origin, "ranges": dict.fromkeys(limits, "qat")},
        found, alike)


def trained_answers(model, images, read_answer):
    """What `read_answer` makes of a Model's outputs, in simulated int8, for each of (N, 3, H, W): a list."""
    with paddle.no_grad():
        return [read_answer(arrays(model.head.deployed(model(paddle.to_tensor(image[None]))))) for image in images]


def _target(name, material, limits):
    """The Target called so, with the trained ranges."""
    if name == "openvino":
        from .openvino import TrainedOpenVino

        return TrainedOpenVino(material, limits)
    return target(name, material)


def _pictures(artefact, config, image, say):
    """(Pictures of the train split, Pictures to measure on); the golden one alone where the config's are not here."""
    try:
        return gather(artefact, COUNT, config)
    except DataError as error:
        say(f"int8 is measured on the golden picture alone: {error}")
        alone = Pictures(np.ascontiguousarray(image, np.float32), None, "the golden picture")
        return alone, alone
