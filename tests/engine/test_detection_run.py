"""Training a detector as its user meets it: what is printed and drawn, weights to start from, SSLD's recipe."""

import numpy as np
import pytest
from box_sets import SIDE

from ppmobile.arrays import write_arrays
from ppmobile.config import load
from ppmobile.engine.run import train
from ppmobile.models.build import build_model


def test_weights_of_a_classifier_take_one_calm_line(made, tmp_path):
    one = made()
    part = {"name": "MobileNetV1", "scale": 0.25}
    net = build_model({"backbone": part}, "classify", 1000)
    names = net.official_names()
    arrays = {names[key]: value.numpy() for key, value in net.state_dict().items()}
    write_arrays(tmp_path / "w.npz", arrays)
    one.config["model"]["pretrained"] = str(tmp_path / "w.npz")
    status, out, _ = one.run()
    # 27 convolutions with BN: a weight, and four arrays of its BN
    assert status == 0 and "w.npz: loaded all the backbone's 135 arrays; neck and head start fresh; in the file, not " \
                           "used: fc\n" in out
    first = next(iter(arrays))
    write_arrays(tmp_path / "w.npz", {key: value for key, value in arrays.items() if key != first})
    assert f"loaded 134 of the backbone's 135 arrays; not in the file, start fresh: {first}; neck" in one.run(
        "train", "--overwrite")[1]


def test_the_line_of_an_epoch_and_the_summary_name_losses_and_metric(made):
    one = made()
    status, out, _ = one.run()
    line, last = out.splitlines()[-2:]
    names = [part.split()[0] for part in line.split(": ", 1)[1].removesuffix(" (best so far)").split(", ")]
    assert status == 0 and names == ["lr", "loss", "loss_xy", "loss_wh", "loss_obj", "loss_cls", "img_per_s",
                                     "data_wait", "map50", "map50_11"]
    assert last.startswith("best map50 0.") and (one.folder / "run" / "curves.png").is_file()
    numbers = dict(part.split() for part in line.removesuffix(" (best so far)").split(": ", 1)[1].split(", "))
    parts = sum(float(numbers[f"loss_{name}"]) for name in ("xy", "wh", "obj", "cls"))
    assert float(numbers["loss"]) == pytest.approx(parts, rel=1e-2)


def test_ssld_recipe_holds_the_backbone_back(made):
    """Multipliers of rate and decay, frozen first layers and frozen BN reach the layers of a detector's backbone."""
    one = made()
    one.config["train"].update(
        optimizer={"name": "Momentum", "momentum": 0.0, "weight_decay": 0.5}, epochs=2, lr=1e-4, clip_norm=1.0,
        groups=[{"match": "backbone.stem.*", "lr": 0}, {"match": "backbone.*", "lr": 0.1, "decay": 0.0}],
        freeze_bn=["backbone.*"])
    fresh = build_fresh(one)
    trainer = train(load(one.config_file()))
    after = {key: value.numpy() for key, value in trainer.model.state_dict().items()}
    moved = {key for key in fresh if not np.array_equal(fresh[key], after[key])}
    backbone = {key for key in fresh if key.startswith("backbone.")}
    norms = {key for key in backbone if key.rpartition(".")[0].endswith("bn")}
    convolutions = {key for key in backbone - norms if "stem" not in key}
    assert not moved & (norms | {key for key in backbone if key.startswith("backbone.stem.")})
    assert convolutions <= moved and any(key.startswith("neck.") and key.endswith("._mean") for key in moved)
    rates = {path: (p.optimize_attr["learning_rate"], p.decay) for path, p in trainer.model.named_parameters()
             if not p.stop_gradient}
    assert {rates[key] for key in convolutions} == {(0.1, 0.0)}
    assert {rate for key, rate in rates.items() if key.startswith(("neck.", "head."))} == {(1.0, 0.5), (1.0, 0.0)}


def build_fresh(one):
    """{key: array} of the net as training starts from it."""
    import paddle

    config = load(one.config_file())
    paddle.seed(config.seed)
    net = build_model(vars(config.model), "detect", 2)
    return {key: value.numpy().copy() for key, value in net.state_dict().items()}


OPTIONS = {  # what docs/TRAINING.md names beyond the defaults
    "yolo losses": {"head": {"name": "YOLOv3Head", "label_smoothing": True, "iou": "giou", "scale_xy": 1.05}},
    "three anchors": {"head": {"name": "YOLOv3Head", "anchors": [[12, 12], [20, 20], [30, 30]]}},
    "balanced l1": {"neck": {"name": "SSDExtra"}, "head": {"name": "SSDHead", "box_loss": "balanced_l1"},
                    "backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [16, 32]}},
}
STEPS = {
    "mosaic": [{"name": "Mosaic", "size": SIDE, "p": 0.5}, {"name": "Resize", "size": SIDE}],
    "crop and expand": [{"name": "ColorJitter"}, {"name": "Expand"}, {"name": "RandomIoUCrop"}, {"name": "Flip"},
                        {"name": "Resize", "size": SIDE}],
    "autoaugment": [{"name": "AutoAugmentBoxes", "policy": "v1"}, {"name": "Resize", "size": SIDE}],
}


@pytest.mark.parametrize("case", OPTIONS)
def test_options_of_the_heads_train(made, case):
    one = made()
    one.config["model"].update(OPTIONS[case])
    status, out, _ = one.run()
    assert status == 0 and "epoch 1/1: " in out


@pytest.mark.parametrize("case", STEPS)
def test_transforms_with_boxes_train(made, case):
    one = made()
    one.config["transforms"]["train"] = [*STEPS[case], {"name": "Normalize"}, {"name": "ToCHW"}]
    one.config["transforms"]["batch"] = [{"name": "Mixup", "alpha": 1.5},
                                         {"name": "MultiScale", "sizes": [SIDE, SIDE + 32]}]
    status, out, _ = one.run()
    assert status == 0 and "epoch 1/1: " in out


def test_a_part_in_which_a_class_does_not_occur_is_measured(made):
    one = made("VocDetection")
    assert one.run()[0] == 0
    only = "图 1"
    one.lists["val"] = [only]
    one.voc[only] = one.voc[only].replace("猫 cat", "dog")
    status, out, text = one.run("eval", "-w", one.folder / "run")
    assert status == 0, text
    assert next(line for line in out.splitlines() if "猫 cat" in line).split()[2:] == ["0", "-", "-", "-"]
