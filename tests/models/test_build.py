"""Building a model from its config section, and the names of its tensors in the official checkpoint."""

import subprocess
import sys

import numpy as np
import paddle
import pytest

from ppmobile.errors import ConfigError
from ppmobile.models import HEADS
from ppmobile.models.build import build_model, class_count

TINY = {"name": "MobileNetV3", "scale": 0.35}


def build(head=None, neck=None, task="classify", backbone=TINY):
    """A tiny model of three classes."""
    return build_model({"backbone": backbone, "neck": neck, "head": head}, task, 3)


def test_the_task_and_the_backbone_give_the_head():
    model = build()
    assert type(model.head).__name__ == "ClassifyHead"
    assert model.head.hidden.weight.shape[:2] == [1280, model.backbone.channels[-1]]
    assert model.head.fc.weight.shape == [1280, 3]
    assert build(backbone={"name": "MobileNetV1", "scale": 0.25}).head.hidden is None


@pytest.mark.parametrize("head", [{"hidden": 64}, {"name": "ClassifyHead", "hidden": 64, "activation": "relu"}])
def test_the_config_overrides_the_backbones_head(head):
    model = build(head)
    assert model.head.fc.weight.shape == [64, 3]
    assert model.head.dropout.p == 0.2  # still that of the published net


def test_forward_and_losses():
    model = build()
    image = paddle.rand([2, 3, 32, 32])
    assert model(image).shape == [2, 3]
    losses = model.losses({"image": image, "label": paddle.to_tensor([0, 2])})
    assert list(losses) == ["loss_cls"] and losses["loss_cls"].shape == []


@pytest.mark.parametrize(
    "section, task, message",
    [
        ({"backbone": {"name": "PPLCnet"}}, "classify", "unknown backbone 'PPLCnet'. Did you mean"),
        ({"backbone": {"name": "PPLCNet", "scal": 1}}, "classify", "model.backbone.scal: .* Did you mean 'scale'"),
        ({}, "classify", "model.backbone: expected {name: ..., options} of a backbone, got nothing"),
        ({"backbone": TINY, "head": {"name": "NoHead"}}, "classify", "model.head.name: unknown head 'NoHead'"),
        ({"backbone": TINY, "head": {"num_classes": 5}}, "classify", "model.head.num_classes: is set by the program"),
        ({"backbone": TINY, "head": {"dropout": 1.0}}, "classify", "model.head: ClassifyHead: dropout 1.0"),
        ({"backbone": TINY, "head": {"activation": "swich"}}, "classify", "model.head: .*activation 'swich'"),
        ({"backbone": TINY, "neck": {"name": "NoNeck"}}, "classify", "model.neck.name: unknown neck 'NoNeck'"),
        ({"backbone": TINY}, "clasify", "model.head: the task 'clasify' has no head of its own.* 'classify'"),
    ],
)
def test_mistakes_name_their_place(section, task, message):
    with pytest.raises(ConfigError, match=message):
        build_model(section, task, 3)


def test_official_names_cover_backbone_and_classifier():
    model = build()
    names = model.official_names()
    assert list(names) == list(model.state_dict())
    assert names["backbone.stem.conv.weight"] == "conv.conv.weight"
    assert names["backbone.blocks.0.excite.conv1.bias"] == "blocks.0.mid_se.conv1.bias"
    assert names["backbone.last_conv.bn._mean"] == "last_second_conv.bn._mean"
    assert names["head.hidden.weight"] == "last_conv.weight"
    assert names["head.fc.bias"] == "fc.bias"


def test_a_head_of_another_task_has_no_official_names():
    class OtherHead(paddle.nn.Layer):
        def __init__(self, in_channels):
            super().__init__()
            self.fc = paddle.nn.Linear(in_channels[0], 1)

    HEADS.register(OtherHead)
    try:
        names = build({"name": "OtherHead"}).official_names()
    finally:
        HEADS._members.pop("OtherHead")
    assert names and all(key.startswith("backbone.") for key in names)


def test_the_registries_do_not_import_paddle():
    code = "import sys, ppmobile.models; sys.exit('paddle' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_class_count_may_be_numpy_s():
    assert type(class_count(np.int64(3))) is int
