"""Tiny detectors with weights that make them find boxes, for the tests of their artefacts."""

import numpy as np
import paddle

import ppmobile
from ppmobile.config import from_tree
from ppmobile.export.write import export_model
from ppmobile.files import write_image

CLASSES = ["猫 cat", "dog", "cup"]
SIDE = 64
BACKBONE = {"name": "MobileNetV1", "scale": 0.25, "early_taps": True, "out_strides": [8, 16, 32]}
MODELS = {
    "yolo": {"backbone": BACKBONE, "neck": {"name": "YOLOFPN", "channels": 32}, "head": {"name": "YOLOv3Head"}},
    "ssd": {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [16, 32]},
            "neck": {"name": "SSDExtra", "widths": [[16, 32]], "depthwise": True},
            "head": {"name": "SSDHead", "min_sizes": [0.1, 0.3, 0.5], "max_sizes": [0.3, 0.5, 0.8],
                     "aspect_ratios": [[2], [2, 3], [2]]}},
    "rcnn": {"backbone": BACKBONE, "neck": {"name": "FPN", "channels": 16},
             "head": {"name": "FasterRCNNHead", "width": 16, "before": 60, "after": 20}},
    "pico": {"backbone": BACKBONE, "neck": {"name": "LCPAN", "channels": 32}, "head": {"name": "PicoHead"}},
}
# the layers of a head whose weights decide the scores
SURE = {"yolo": lambda head: head.outputs, "ssd": lambda head: [level.scores.pointwise for level in head.levels],
        "rcnn": lambda head: [head.rpn.score, head.roi.score], "pico": lambda head: [*head.classes]}


def tree(kind):
    """The config of a detector as a dict."""
    steps = [{"name": "Resize", "size": SIDE, "interp": "cubic"}, {"name": "Normalize"}, {"name": "ToCHW"}]
    return {"task": "detect", "model": MODELS[kind], "transforms": {"train": steps, "eval": steps},
            "output": "run"}


def build(kind, sure=True):
    """A detector in evaluation mode; sure: its head is made to score some places high."""
    paddle.seed(0)
    model = ppmobile.build(tree(kind), len(CLASSES))
    model.train()
    for layer in model.sublayers():
        if hasattr(layer, "_momentum"):
            layer._momentum = 0.0
    with paddle.no_grad():
        model(paddle.to_tensor(np.concatenate([inputs(8, seed=1)])))
    if sure:
        for layer in SURE[kind](model.head):
            layer.weight.set_value(paddle.randn(layer.weight.shape) * 4 / layer.weight.shape[1] ** 0.5)
    model.eval()
    return model


def inputs(count, seed=0):
    """(count, 3, SIDE, SIDE) float32 of smooth noise."""
    rng = np.random.default_rng(seed)
    coarse = rng.normal(size=(count, 3, 8, 8)).repeat(8, axis=2).repeat(8, axis=3)
    return (coarse + 0.3 * rng.normal(size=coarse.shape)).astype(np.float32)


def pictures(folder, count=4):
    """Paths of pictures of several sizes, written to `folder`."""
    import cv2

    rng, paths = np.random.default_rng(0), []
    for number in range(count):
        image = cv2.resize(rng.integers(0, 256, (9, 12, 3), np.uint8), (90 + 20 * number, 70), interpolation=2)
        paths.append(folder / f"图 {number}.png")
        write_image(paths[-1], image)
    return paths


def export(kind, folder, model=None, **options):
    """The Artefact of a detector, in a folder below `folder`."""
    picture = pictures(folder, 1)[0]
    config = from_tree(tree(kind), {}, "tiny")
    return export_model(model or build(kind), config, CLASSES, folder / "模型", picture=picture,
                        say=lambda line: None, **options)
