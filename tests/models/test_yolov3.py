"""YOLOv3: its neck and head, what they answer and learn, and what they refuse."""

import numpy as np
import paddle
import pytest

from ppmobile import zoo
from ppmobile.errors import ConfigError
from ppmobile.models import HEADS, NECKS
from ppmobile.models.build import build_model
from ppmobile.predict.decode_boxes import decode

TINY = {"name": "PPLCNet", "scale": 0.25, "out_strides": [8, 16, 32]}
ANCHORS = [[8, 8], [16, 16], [24, 24], [32, 32], [48, 48], [60, 60]]


def tiny(classes=3, neck=None, **head):
    """A small detector."""
    neck = {"name": "YOLOFPN", "channels": 32, **(neck or {})}
    return build_model({"backbone": TINY, "neck": neck, "head": head or None}, "detect", classes)


def head(strides=(32, 16, 8), classes=3, **options):
    """A head on maps of 8 channels."""
    part = {"name": "YOLOv3Head", **options}
    return HEADS.build(part, in_channels=[8] * len(strides), strides=strides, num_classes=classes)


def batch(side=64):
    """Two pictures, one with two boxes and one with none."""
    image = np.random.RandomState(0).standard_normal((2, 3, side, side)).astype(np.float32)
    boxes = np.float32([[[4, 4, 40, 40], [30, 30, 44, 60]], [[0] * 4] * 2])
    labels = np.int64([[0, 2], [-1, -1]])
    return {k: paddle.to_tensor(v) for k, v in {"image": image, "boxes": boxes, "labels": labels}.items()}


@pytest.mark.parametrize("depthwise", [False, True])
def test_the_neck_keeps_its_promises(depthwise):
    neck = NECKS.build({"name": "YOLOFPN", "channels": 64, "depthwise": depthwise}, in_channels=[8, 16, 24],
                       strides=[8, 16, 32])
    maps = neck([paddle.rand([1, c, 64 // s, 96 // s]) for c, s in zip([8, 16, 24], [8, 16, 32])])
    assert neck.strides == [32, 16, 8] and neck.channels == [128, 64, 32]
    assert [x.shape for x in maps] == [[1, c, 64 // s, 96 // s] for c, s in zip(neck.channels, neck.strides)]


def test_the_light_neck_is_light():
    def size(model):
        return sum(p.size for p in model.neck.parameters() if not p.stop_gradient)

    assert size(tiny(neck={"depthwise": True})) < 0.4 * size(tiny())


def test_raw_maps_answers_and_their_number():
    model = tiny()
    model.eval()
    outputs = model(batch()["image"])
    assert [x.shape for x in outputs] == [[2, 24, 64 // s, 64 // s] for s in (32, 16, 8)]
    boxes, scores = model.head.answer(outputs)
    assert boxes.shape == [2, 3 * (4 + 16 + 64), 4] and scores.shape == [2, 252, 3]
    assert float(boxes.min()) >= 0 and float(boxes.max()) <= 63
    assert float(scores.max()) < 0.05  # a fresh head sees background everywhere
    for ours, deployed in zip((boxes, scores), decode([x.numpy() for x in outputs], model.head.raw(), (64, 64))):
        assert ours.numpy() == pytest.approx(deployed, abs=1e-4)


def test_the_finest_map_takes_the_smallest_anchors():
    assert head(strides=(32, 16), anchors=ANCHORS).anchors[1, :, 0].tolist() == [8, 16, 24]
    assert head(strides=(8, 16), anchors=ANCHORS).anchors[0, :, 0].tolist() == [8, 16, 24]


def perfect(layer, values, shape):
    """Raw maps (n, K * (5 + C), h, w) that answer nothing, but for (picture, anchor, row, column): raw values."""
    maps = np.zeros((shape[0], 3, 8, *shape[1:]), np.float32)
    maps[:, :, 4:] = -20
    for (picture, anchor, row, column), raw in values.items():
        maps[picture, anchor, :, row, column] = raw
    return paddle.to_tensor(maps.reshape(shape[0], -1, *shape[1:]))


def test_losses_of_one_box_by_hand():
    """One map of 2 x 2 cells at stride 32; the box 16..48 has its centre on cell (1, 1), offset 0, and anchor 32."""
    layer = head(strides=(32,), anchors=[[16, 16], [32, 32], [60, 60]])
    true = {"boxes": paddle.to_tensor([[[16.0, 16, 48, 48]]]), "labels": paddle.to_tensor([[1]])}
    maps = perfect(layer, {(0, 1, 1, 1): [0, 0, 0.5, 0, 0, -20, 0, -20]}, (1, 2, 2))
    losses = {name: float(value) for name, value in layer.losses([maps], true).items()}
    scale, half = 2 - 32 * 32 / 64**2, np.log(2)
    assert losses == pytest.approx({"loss_xy": scale * 2 * half, "loss_wh": scale * 0.5, "loss_obj": half,
                                    "loss_cls": half}, rel=1e-4)
    weighted = layer.losses([maps], {**true, "weight": paddle.to_tensor([[0.5]])})
    assert {name: float(value) for name, value in weighted.items()} == pytest.approx(
        {name: value / 2 for name, value in losses.items()}, rel=1e-4)


def test_a_good_answer_elsewhere_and_a_difficult_box_are_not_background():
    layer = head(strides=(32,), anchors=[[16, 16], [32, 32], [33, 33]])
    raw = [0, 0, 0, 0, 10, -20, -20, -20]  # centre (48, 48), at full objectness
    true = {"boxes": paddle.to_tensor([[[32.0, 32, 64, 64]]]), "labels": paddle.to_tensor([[1]])}
    answered = perfect(layer, {(0, 1, 1, 1): raw, (0, 2, 1, 1): raw}, (1, 2, 2))
    assert float(layer.losses([answered], true)["loss_obj"]) == pytest.approx(0, abs=1e-3)
    difficult = layer.losses([answered], {**true, "difficult": paddle.to_tensor([[True]])})
    assert sum(map(float, difficult.values())) == pytest.approx(0, abs=1e-3)
    nothing = layer.losses([answered], {**true, "labels": paddle.to_tensor([[-1]])})
    assert float(nothing["loss_obj"]) == pytest.approx(20, rel=1e-3)


def test_label_smoothing_lifts_the_best_reachable_loss():
    plain, smooth = head(strides=(32,)), head(strides=(32,), label_smoothing=True)
    assert (plain.smoothing, smooth.smoothing) == (0, 1 / 40)
    assert head(strides=(32,), classes=80, label_smoothing=True).smoothing == 1 / 80


@pytest.mark.parametrize("options", [{}, {"iou": "giou"}, {"scale_xy": 1.05, "label_smoothing": True, "iou": "diou"}])
def test_everything_learns_and_the_loss_falls(options):
    paddle.seed(0)
    model, data = tiny(name="YOLOv3Head", **options), batch()
    learnt = [p for p in model.parameters() if not p.stop_gradient]
    optimizer = paddle.optimizer.Adam(1e-3, parameters=learnt)
    totals = []
    for _ in range(4):
        losses = model.losses(data)
        total = sum(losses.values())
        totals.append(float(total))
        total.backward()
        assert all(p.grad is not None for p in learnt)
        optimizer.step()
        optimizer.clear_grad()
    assert ("loss_iou" in losses) == ("iou" in options)
    assert np.isfinite(totals).all() and totals[-1] < totals[0]


def test_pictures_without_boxes_give_finite_losses():
    data = batch()
    data["labels"] = paddle.full([2, 2], -1, "int64")
    losses = tiny().losses(data)
    assert all(np.isfinite(float(x)) for x in losses.values()) and float(losses["loss_cls"]) == 0


@pytest.mark.parametrize("options, message", [
    ({"anchors": [[8, 8], [16, 16]]}, "anchors must be .* for each of the 3 maps"),
    ({"anchors": [[8, 8], [16, 16], [0, 4]]}, "anchors must be"),
    ({"anchors": [[8, 8], [16, 16], [float("inf"), 4]]}, "anchors must be"),
    ({"anchors": [[8, 8], [16, 16], [True, 4]]}, "anchors must be"),
    ({"further": 0.0}, "further must be an overlap above 0 and up to 1, got 0.0"),
    ({"further": 1.5}, "further must be an overlap"),
    ({"ignore": 1.5}, "ignore must be an overlap from 0 to 1, got 1.5"),
    ({"scale_xy": 0.9}, "scale_xy 1 or more, got 0.9"),
    ({"iou": "ciou"}, "iou 'ciou' is not supported, use one of iou, giou, diou"),
])
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        head(**options)


def test_a_width_that_cannot_be_halved_is_refused():
    with pytest.raises(ConfigError, match="channels 50 must be a multiple of 8"):
        tiny(neck={"channels": 50})


def test_another_class_count_leaves_exactly_the_output_layers_fresh():
    source, other = tiny(classes=3), tiny(classes=5)
    names = source.official_names()
    arrays = {names[key]: value.numpy() for key, value in source.state_dict().items()}
    report = zoo.load_official(other, arrays)
    assert report.classes == (3, 5) and not (report.missing or report.unexpected)
    ends = [f"{level}.{kind}" for level in range(3) for kind in ("weight", "bias")]
    assert report.reinitialised == [f"yolo_head.yolo_output.{end}" for end in ends]


def test_the_weights_of_a_classifier_fill_the_backbone():
    names = build_model({"backbone": TINY}, "classify", 2).official_names()
    source = build_model({"backbone": {"name": "PPLCNet", "scale": 0.25}}, "classify", 10)
    arrays = {source.official_names()[key]: value.numpy() for key, value in source.state_dict().items()}
    model = tiny()
    report = zoo.load_official(model, arrays)
    assert report.loaded == len([key for key in names if key.startswith("backbone.")])
    assert all(key.startswith(("neck.", "head.")) for key in report.missing)
