"""SSD and SSDLite: extra maps, priors, what the head answers and learns, and what it refuses."""

import numpy as np
import paddle
import pytest

from ppmobile import zoo
from ppmobile.errors import CheckpointError, ConfigError
from ppmobile.models import BACKBONES, HEADS, NECKS
from ppmobile.models.build import build_model
from ppmobile.predict.decode_boxes import decode

LITE = {"name": "MobileNetV3", "scale": 0.35, "ssdlite": True}
WIDTHS = [[8, 16], [8, 16]]
LEVELS = {"min_sizes": [0.1, 0.3, 0.5, 0.7], "max_sizes": [0.3, 0.5, 0.7, 0.9], "aspect_ratios": [[2]] * 4}


def tiny(classes=3, depthwise=True, **head):
    """A small detector of four maps."""
    return build_model({"backbone": LITE, "neck": {"name": "SSDExtra", "widths": WIDTHS, "depthwise": depthwise},
                        "head": {"name": "SSDHead", **LEVELS, "depthwise": depthwise, **head}}, "detect", classes)


def head(**options):
    """A head on one map of 4 channels with one square prior of half the picture."""
    part = {"name": "SSDHead", "min_sizes": [0.5], "max_sizes": [0], "aspect_ratios": [[]], "clip": False, **options}
    return HEADS.build(part, in_channels=[4], strides=[32], num_classes=2)


def batch(side=64):
    """Two pictures, one with two boxes and one with none."""
    image = np.random.RandomState(0).standard_normal((2, 3, side, side)).astype(np.float32)
    boxes = np.float32([[[4, 4, 40, 40], [30, 30, 44, 60]], [[0] * 4] * 2])
    labels = np.int64([[0, 2], [-1, -1]])
    return {k: paddle.to_tensor(v) for k, v in {"image": image, "boxes": boxes, "labels": labels}.items()}


def test_the_backbone_gives_the_two_maps_of_the_paper():
    backbone = BACKBONES.build(LITE)
    maps = backbone(paddle.rand([1, 3, 64, 64]))
    assert backbone.strides == [16, 32]
    assert [x.shape for x in maps] == [[1, c, 64 // s, 64 // s] for c, s in zip(backbone.channels, backbone.strides)]
    with pytest.raises(ConfigError, match="out_strides is not for ssdlite"):
        BACKBONES.build({**LITE, "out_strides": [16, 32]})


@pytest.mark.parametrize("depthwise", [False, True])
def test_each_extra_map_is_half_as_large(depthwise):
    neck = NECKS.build({"name": "SSDExtra", "widths": WIDTHS, "depthwise": depthwise}, in_channels=[4, 6],
                       strides=[16, 32])
    maps = neck([paddle.rand([1, 4, 10, 10]), paddle.rand([1, 6, 5, 5])])
    assert neck.channels == [4, 6, 16, 16] and neck.strides == [16, 32, 64, 128]
    assert [x.shape[1:] for x in maps] == [[4, 10, 10], [6, 5, 5], [16, 3, 3], [16, 2, 2]]


@pytest.mark.parametrize("depthwise", [False, True])
def test_outputs_answers_and_their_number(depthwise):
    model = tiny(depthwise=depthwise)
    model.eval()
    outputs = model(batch()["image"])
    count = 4 * (16 + 4 + 1 + 1)
    assert [x.shape for x in outputs] == [[2, count, 4], [2, count, 4], [count, 4]]
    boxes, scores = model.head.answer(outputs)
    assert boxes.shape == [2, count, 4] and scores.shape == [2, count, 3]
    for ours, deployed in zip((boxes, scores), decode([x.numpy() for x in outputs], model.head.raw(), (64, 64))):
        assert ours.numpy() == pytest.approx(deployed, abs=1e-4)


def test_priors_grow_with_the_input():
    layer, maps = head(), [paddle.rand([1, 4, 2, 2])]
    assert layer(maps, (64, 64))[2].numpy()[0].tolist() == [0, 0, 32, 32]
    assert layer(maps, (128, 128))[2].numpy()[0].tolist() == [0, 0, 64, 64]


def test_losses_of_one_box_by_hand():
    """Four priors of 32 px; the box is the first, moved by 3.2 px in x: delta 0.1 / 0.1 = 1, smooth L1 0.5.

    With logits of 0 each of three classes costs ln 3: one prior learns the box and three are background.
    """
    layer, true = head(), {"boxes": paddle.to_tensor([[[3.2, 0, 35.2, 32]]]), "labels": paddle.to_tensor([[1]])}
    priors = layer([paddle.rand([1, 4, 2, 2])], (64, 64))[2]
    losses = layer.losses((paddle.zeros([1, 4, 4]), paddle.zeros([1, 4, 3]), priors), true)
    assert {k: float(v) for k, v in losses.items()} == pytest.approx({"loss_box": 0.5, "loss_cls": 4 * np.log(3)})
    balanced = head(box_loss="balanced_l1").losses((paddle.zeros([1, 4, 4]), paddle.zeros([1, 4, 3]), priors), true)
    assert float(balanced["loss_box"]) == pytest.approx(0.5 * 3 * (1 + 1 / (np.e**3 - 1)) - 0.5, rel=1e-5)
    fewer = head(negatives=1.0).losses((paddle.zeros([1, 4, 4]), paddle.zeros([1, 4, 3]), priors), true)
    assert float(fewer["loss_cls"]) == pytest.approx(2 * np.log(3))


def test_a_difficult_box_is_neither_learnt_nor_background():
    layer, true = head(), {"boxes": paddle.to_tensor([[[0.0, 0, 32, 32], [32, 32, 64, 64]]]),
                           "labels": paddle.to_tensor([[1, 0]]), "difficult": paddle.to_tensor([[True, False]])}
    priors = layer([paddle.rand([1, 4, 2, 2])], (64, 64))[2]
    losses = layer.losses((paddle.zeros([1, 4, 4]), paddle.zeros([1, 4, 3]), priors), true)
    assert float(losses["loss_cls"]) == pytest.approx(3 * np.log(3))  # one learns, two are background


def test_everything_learns_and_the_loss_falls():
    paddle.seed(0)
    model, data = tiny(), batch()
    learnt = [p for p in model.parameters() if not p.stop_gradient]
    optimizer = paddle.optimizer.Adam(3e-3, parameters=learnt)
    totals = []
    for _ in range(6):
        total = sum(model.losses(data).values())
        totals.append(float(total))
        total.backward()
        assert all(p.grad is not None for p in learnt)
        optimizer.step()
        optimizer.clear_grad()
    assert np.isfinite(totals).all() and totals[-1] < 0.8 * totals[0]


def test_pictures_without_boxes_give_finite_losses():
    data = batch()
    data["labels"] = paddle.full([2, 2], -1, "int64")
    losses = tiny().losses(data)
    assert float(losses["loss_box"]) == 0 and 0 <= float(losses["loss_cls"]) < 100


@pytest.mark.parametrize("options, message", [
    ({"min_sizes": [0.1]}, "min_sizes needs one entry for each of the 4 maps"),
    ({"steps": [16, 32]}, "steps needs one entry for each of the 4 maps"),
    ({"kernel_size": 2}, "kernel_size 2 must be odd"),
    ({"box_loss": "l2"}, "box_loss 'l2' is not supported, use one of smooth_l1, balanced_l1"),
])
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        tiny(**options)


@pytest.mark.parametrize("widths", [[[8]], [[8, 12]], []])
def test_impossible_widths_are_refused(widths):
    with pytest.raises(ConfigError, match="widths must be pairs"):
        NECKS.build({"name": "SSDExtra", "widths": widths, "depthwise": True}, in_channels=[4], strides=[16])


def test_weights_of_a_classifier_leave_the_narrow_end_fresh():
    source = build_model({"backbone": {"name": "MobileNetV3", "scale": 0.35}}, "classify", 10)
    arrays = {source.official_names()[key]: value.numpy() for key, value in source.state_dict().items()}
    report = zoo.load_official(tiny(), arrays)
    assert report.reshaped and all(key.startswith(("blocks.8.linear_conv", "blocks.9.", "blocks.10.",
                                                   "last_second_conv")) for key in report.reshaped)
    assert "of another width in this model, start fresh: blocks.8.linear_conv.conv.weight" in str(report)
    arrays["blocks.0.linear_conv.conv.weight"] = np.zeros((9, 9, 1, 1), np.float32)
    with pytest.raises(CheckpointError, match="blocks.0.linear_conv.conv.weight"):
        zoo.load_official(tiny(), arrays)


def test_another_class_count_leaves_exactly_the_score_layers_fresh():
    source = tiny(classes=3)
    arrays = {source.official_names()[key]: value.numpy() for key, value in source.state_dict().items()}
    report = zoo.load_official(tiny(classes=5), arrays)
    assert report.classes == (3, 5) and not (report.missing or report.unexpected)
    assert report.reinitialised == [f"ssd_head.scores{i}.pw_conv.weight" for i in range(4)]
