"""PicoDet: its neck and head, what they answer and learn, the official file, and what they refuse."""

import numpy as np
import paddle
import pytest

from ppmobile import zoo
from ppmobile.engine.hooks import TellEpoch
from ppmobile.errors import ConfigError
from ppmobile.models import HEADS, NECKS
from ppmobile.models.build import build_model
from ppmobile.predict.decode_boxes import decode

TINY = {"name": "PPLCNet", "scale": 0.25, "out_strides": [8, 16, 32]}


def tiny(classes=3, **head):
    """A small detector."""
    neck = {"name": "LCPAN", "channels": 16}
    return build_model({"backbone": TINY, "neck": neck, "head": {"name": "PicoHead", **head}}, "detect", classes)


def head(classes=3, **options):
    """A head on one map of 8 channels at stride 8."""
    return HEADS.build({"name": "PicoHead", **options}, in_channels=[8], strides=[8], num_classes=classes)


def batch(side=64):
    """Two pictures, one with two boxes and one with none."""
    image = np.random.RandomState(0).standard_normal((2, 3, side, side)).astype(np.float32)
    boxes = np.float32([[[4, 4, 40, 40], [30, 30, 44, 60]], [[0] * 4] * 2])
    labels = np.int64([[0, 2], [-1, -1]])
    return {k: paddle.to_tensor(v) for k, v in {"image": image, "boxes": boxes, "labels": labels}.items()}


def answers(box, score=0.9, label=1, side=8):
    """Raw outputs of `head()` on a map of `side` x `side`: each place answers `box` (a multiple of a stride from its
    centre where that is possible) with `score` for `label`.
    """
    scores = np.full((1, 3, side, side), 1e-4, np.float32)
    scores[:, label] = score
    centre = (np.arange(side) + 0.5) * 8
    x, y = np.broadcast_to(centre, (side, side)), np.broadcast_to(centre[:, None], (side, side))
    distance = np.stack([x - box[0], y - box[1], box[2] - x, box[3] - y]) / 8
    logits = np.zeros((4, 8, side, side), np.float32)
    np.put_along_axis(logits, np.clip(np.round(distance), 0, 7).astype(int)[:, None], 50, axis=1)
    return [paddle.to_tensor(scores**2), paddle.to_tensor(logits.reshape(1, 32, side, side))]


def truth_of(box, label=1, **more):
    """A batch with one box."""
    return {"boxes": paddle.to_tensor([[box]], dtype="float32"), "labels": paddle.to_tensor([[label]]),
            **{k: paddle.to_tensor([[v]]) for k, v in more.items()}}


def values(losses):
    """Losses as floats."""
    return {name: float(value) for name, value in losses.items()}


@pytest.mark.parametrize("size", [(64, 96), (90, 70)])
def test_the_neck_keeps_its_promises(size):
    neck = NECKS.build({"name": "LCPAN", "channels": 16}, in_channels=[8, 16, 24], strides=[8, 16, 32])
    shapes = [[-(-side // stride) for side in size] for stride in (8, 16, 32, 64)]  # as a backbone rounds
    maps = neck([paddle.rand([1, c, *shape]) for c, shape in zip([8, 16, 24], shapes)])
    assert neck.strides == [8, 16, 32, 64] and neck.channels == [16] * 4
    assert [x.shape for x in maps] == [[1, 16, *shape] for shape in shapes]


def test_raw_maps_answers_and_their_number():
    model = tiny()
    model.eval()
    image = paddle.rand([2, 3, 64, 128])
    outputs = model(image)
    sizes = [(8, 16), (4, 8), (2, 4), (1, 2)]
    assert [x.shape for x in outputs] == [[2, c, *size] for c in (3, 32) for size in sizes]
    boxes, scores = model.head.answer(outputs)
    assert boxes.shape == [2, 170, 4] and scores.shape == [2, 170, 3]
    assert float(scores.max()) < 0.15  # a fresh head: the square root of 0.01 * 0.5
    for ours, deployed in zip((boxes, scores), decode([x.numpy() for x in outputs], model.head.raw(), (64, 128))):
        assert ours.numpy() == pytest.approx(deployed, abs=1e-4)


def test_a_side_is_the_mean_of_its_distribution():
    """Left and right half 2, half 4 strides; up and down exactly 1: 3 and 1 strides from the centre (12, 4)."""
    logits = np.full((4, 8), -100, np.float32)
    logits[[0, 0, 2, 2], [2, 4, 2, 4]], logits[[1, 3], 1] = 3, 9
    raw = np.zeros((1, 32, 1, 2), np.float32)
    raw[0, :, 0, 1] = logits.reshape(-1)
    boxes, _ = decode([np.zeros((1, 3, 1, 2), np.float32), raw], {"kind": "gfl", "strides": [8]}, (8, 16))
    assert boxes[0, 1].tolist() == pytest.approx([-12, -4, 36, 12], abs=1e-4)


@pytest.mark.parametrize("epochs", [0, 100])
def test_a_perfect_answer_costs_little_and_a_wrong_one_much(epochs):
    box = [12, 12, 44, 44]  # its sides are whole strides from the centres
    layer, true = head(static_epochs=epochs), truth_of(box)
    right = values(layer.losses(answers(box, 0.999), true))
    assert right["loss_bbox"] == pytest.approx(0, abs=1e-4) and right["loss_dfl"] == pytest.approx(0, abs=1e-3)
    moved = values(layer.losses(answers([20, 12, 52, 44], 0.999), true))
    assert moved["loss_bbox"] > 0.5 and moved["loss_dfl"] > 1


def test_losses_of_one_place_by_hand():
    """A box on the single cell of a map, answered 2 strides wide and 1 high instead of 1 and 1, with score 0.5."""
    layer, true = head(static_epochs=0), truth_of([0, 0, 8, 8])
    outputs = answers([-4, 0, 12, 8], 0.5, side=1)
    logits = np.full((4, 8), -60, np.float32)
    logits[[0, 2], 1], logits[[1, 1, 3, 3], [0, 1, 0, 1]] = 0, 0
    outputs[1] = paddle.to_tensor(logits.reshape(1, 32, 1, 1))
    got = values(layer.losses(outputs, true))
    quality = 0.5  # overlap of 16 x 8 with 8 x 8; the best place of a box shall score its overlap
    entropy = -(0.5 * np.log(0.5) + 0.5 * np.log(0.5))
    assert got["loss_vfl"] == pytest.approx(quality * entropy, rel=1e-3)  # the sum of scores, 0.5, counts as 1
    assert got["loss_bbox"] == pytest.approx(2.5 * 0.5 * quality, rel=1e-3)  # GIoU is IoU here
    wide = (0.5 * 60 + 0.5 * 0)  # all on 1, wanted 0.5: half of the loss is that of 0
    assert got["loss_dfl"] == pytest.approx(0.5 * (2 * wide + 2 * np.log(2)) / 4 * quality, rel=1e-3)
    half = values(layer.losses(outputs, {**true, "weight": paddle.to_tensor([[0.5]])}))
    assert half == pytest.approx({name: value / 2 for name, value in got.items()}, rel=1e-4)


@pytest.mark.parametrize("epochs", [0, 100])
def test_a_difficult_box_is_neither_learnt_nor_background(epochs):
    layer, box = head(static_epochs=epochs), [0, 0, 64, 64]
    outputs = answers(box, 0.9)
    assert sum(values(layer.losses(outputs, truth_of(box, difficult=True))).values()) == pytest.approx(0, abs=1e-6)
    nothing = values(layer.losses(outputs, truth_of(box, -1)))
    expected = 64 * -0.75 * 0.9**2 * np.log(0.1)
    assert nothing["loss_vfl"] == pytest.approx(expected, rel=1e-3)
    assert nothing["loss_bbox"] == nothing["loss_dfl"] == 0


@pytest.mark.parametrize("epochs", [0, 100])
def test_everything_learns_and_the_loss_falls(epochs):
    paddle.seed(0)
    model, data = tiny(static_epochs=epochs), batch()
    learnt = [p for p in model.parameters() if not p.stop_gradient]
    optimizer = paddle.optimizer.Adam(3e-3, parameters=learnt)
    totals = []
    for _ in range(12):
        total = sum(model.losses(data).values())
        totals.append(float(total))
        total.backward()
        assert all(p.grad is not None for p in learnt)
        optimizer.step()
        optimizer.clear_grad()
    assert np.isfinite(totals).all() and min(totals[-3:]) < 0.8 * totals[0]


def test_pictures_without_boxes_give_finite_losses():
    data = batch()
    data["labels"] = paddle.full([2, 2], -1, "int64")
    losses = values(tiny().losses(data))
    assert all(np.isfinite(list(losses.values()))) and losses["loss_bbox"] == losses["loss_dfl"] == 0


def test_the_trainer_tells_the_epoch_that_changes_the_assignment():
    """The hook is called at the start of each epoch; a fresh net assigns otherwise by its answers than by geometry."""
    class Trainer:
        model, epoch = tiny(static_epochs=2), 0

    trainer, data, totals = Trainer(), batch(), []
    trainer.model.eval()
    for trainer.epoch in range(4):
        TellEpoch().before_epoch(trainer)
        totals.append(float(sum(trainer.model.losses(data).values())))
    assert totals[0] == totals[1] != totals[2] == totals[3]
    trainer.model = build_model({"backbone": TINY}, "classify", 2)
    TellEpoch().before_epoch(trainer)  # this head does not care


@pytest.mark.parametrize("options, message", [
    ({"convs": 0}, "convs 0 and reg_max 7 must be at least 1"),
    ({"reg_max": 0}, "reg_max 0 must be at least 1"),
    ({"static_epochs": -1}, "static_epochs -1 at least 0"),
])
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        head(**options)


@pytest.mark.parametrize("options", [{"channels": 0}, {"kernel_size": 4}, {"kernel_size": -1}])
def test_an_impossible_neck_is_refused(options):
    with pytest.raises(ConfigError, match="must be at least 1 and kernel_size"):
        NECKS.build({"name": "LCPAN", **options}, in_channels=[8, 16], strides=[8, 16])


def official(model):
    """The arrays of a published file of this model: some of them stand there twice."""
    names = model.official_names()
    arrays = {names[key]: value.numpy() for key, value in model.state_dict().items()}
    twice = {key: arrays[key.replace("head_cls", "head_cls_list.").replace("head_reg", "head_reg_list.")]
             for key in model.head.detection_aliases()}
    return {**arrays, **twice}


def test_an_official_file_loads_whole():
    source, model = tiny(), tiny()
    arrays = official(source)
    assert zoo.official_keys(model) == list(arrays)
    report = zoo.load_official(model, arrays)
    assert not (report.missing or report.unexpected or report.reinitialised)
    for key, value in source.state_dict().items():
        assert np.array_equal(model.state_dict()[key].numpy(), value.numpy())


def test_another_class_count_leaves_exactly_the_class_layers_fresh():
    report = zoo.load_official(tiny(classes=5), official(tiny(classes=3)))
    assert report.classes == (3, 5) and not (report.missing or report.unexpected)
    ends = [f"{level}.{kind}" for level in range(4) for kind in ("weight", "bias")]
    assert report.reinitialised == [f"head.head_cls_list.{end}" for end in ends]
