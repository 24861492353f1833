"""Distillation of detectors: each head's own answers, maps weighed by boxes, and teachers that do not go with it."""

from pathlib import Path

import numpy as np
import pytest
from box_sets import BoxSet

from ppmobile.config import load, to_dict
from ppmobile.data.tensors import to_tensors
from ppmobile.engine.run import assemble
from ppmobile.engine.saving import capture
from ppmobile.errors import ConfigError

MODELS = {
    "yolo": {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [16, 32]},
             "neck": {"name": "YOLOFPN", "channels": 16},
             "head": {"name": "YOLOv3Head", "anchors": [[8, 8], [16, 16], [24, 24], [32, 32]]}},
    "ssd": {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [16, 32]}, "neck": {"name": "SSDExtra"},
            "head": {"name": "SSDHead"}},
    "rcnn": {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [8, 16]},
             "neck": {"name": "FPN", "channels": 16},
             "head": {"name": "FasterRCNNHead", "width": 16, "after": 20, "roi_samples": 16}},
    "pico": {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [8, 16, 32]},
             "neck": {"name": "LCPAN", "channels": 16}, "head": {"name": "PicoHead"}},
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures and boxes, and of each model an untrained net in NAME.safetensors."""
    root = tmp_path_factory.mktemp("boxes")
    BoxSet(root).write()
    for name in MODELS:
        written(root, name)
    return root


def written(root, name):
    """The path of a checkpoint of an untrained net of MODELS."""
    config = load(tree(root, name))
    trainer = assemble(config, root)
    about = {"config": to_dict(config), "classes": list(trainer.loader.dataset.classes)}
    capture(trainer, about).save(root / f"{name}.safetensors")
    return str(root / f"{name}.safetensors")


def tree(root, name):
    """The config of a model, without a step."""
    part = {"name": "CocoDetection", "root": str(root / "图片 é"), "file": "train.json", "images": "images"}
    steps = [{"name": "Resize", "size": 64}, {"name": "Normalize"}, {"name": "ToCHW"}]
    return {"task": "detect", "model": MODELS[name], "data": {"train": part}, "output": str(root / "run"),
            "transforms": {"train": steps, "eval": steps},
            "train": {"epochs": 1, "batch_size": 4, "lr": 0.001, "lr_per_images": 4, "visualdl": False}}


def started(root, name, start=None, **options):
    """(trainer, one batch) of a distillation that has not begun."""
    slim = {"start": start, "steps": [{"name": "Distill", **options}]}
    trainer = assemble(load({**tree(root, name), "slim": slim}), Path(root / "run"))
    return trainer, to_tensors(next(iter(trainer.loader.epoch(0))))


OWN = {"yolo": {"loss_kd_box", "loss_kd_obj", "loss_kd_cls"}, "ssd": {"loss_kd_box", "loss_kd_cls"},
       "rcnn": {"loss_kd_rpn", "loss_kd_box", "loss_kd_cls"}}


@pytest.mark.parametrize("name", OWN)
def test_each_head_has_a_loss_whose_gradient_reaches_the_net(folder, name):
    trainer, batch = started(folder, name, teacher=str(folder / f"{name}.safetensors"), task_weight=0.0)
    for value in trainer.model.state_dict().values():  # another net than the teacher, though of the same seed
        value.set_value(value * 1.1)
    losses = trainer.objective(batch)
    assert set(losses) == OWN[name]
    assert all(np.isfinite(float(value)) and float(value) > 0 for value in losses.values())
    sum(losses.values()).backward()
    silent = [path for path, p in trainer.model.named_parameters() if p.grad is None and not p.stop_gradient]
    assert not silent


@pytest.mark.parametrize("name", OWN)
def test_a_student_that_is_its_teacher_learns_nothing(folder, name):
    file = str(folder / f"{name}.safetensors")
    trainer, batch = started(folder, name, start=file, teacher=file, task_weight=0.0)
    trainer.model.eval()
    if name == "rcnn":
        trainer.model.head.training = True
    losses = trainer.objective(batch)
    sum(losses.values()).backward()
    assert all(abs(float(value)) < 1e-5 for value in losses.values()), losses
    for path, parameter in trainer.model.named_parameters():
        if parameter.stop_gradient:  # batch norm's statistics
            continue
        np.testing.assert_allclose(parameter.grad.numpy(), 0, atol=1e-5, err_msg=path)


def yolov3(**backbone):
    """A YOLOv3 as its configs have it, but for a neck of few channels."""
    return {"backbone": {**backbone, "out_strides": [8, 16, 32]}, "neck": {"name": "YOLOFPN", "channels": 16},
            "head": {"name": "YOLOv3Head"}}


def test_yolov3_of_mobilenet_v3_small_is_taught_by_that_of_resnet34(folder, monkeypatch):
    # the teacher that configs/slim/yolov3_mobilenet_v3_prune86_distill.yml names
    monkeypatch.setitem(MODELS, "resnet34", yolov3(name="ResNet", depth=34))
    monkeypatch.setitem(MODELS, "small", yolov3(name="MobileNetV3", size="small"))
    trainer, batch = started(folder, "small", teacher=written(folder, "resnet34"), task_weight=0.0)
    teacher = trainer.objective.teachers[0].model
    before = {key: value.numpy().copy() for key, value in teacher.state_dict().items()}
    trainer.model.train()
    trainer.optimizer.set_lr(1e-4)  # so small that each step is one downwards
    totals = []
    for _ in range(3):
        losses = trainer.objective(batch)
        assert set(losses) == OWN["yolo"]
        total = sum(losses.values())
        total.backward()
        assert all(p.grad is not None for p in trainer.model.parameters() if not p.stop_gradient)
        trainer.optimizer.step()
        trainer.optimizer.clear_grad()
        totals.append(float(total))
    assert np.isfinite(totals).all() and totals[2] < totals[0]
    for key, value in teacher.state_dict().items():
        assert value.numpy().tobytes() == before[key].tobytes(), key
    assert all(p.grad is None for p in teacher.parameters())


@pytest.mark.parametrize("name", ["yolo", "ssd"])
def test_two_equal_teachers_are_as_one(folder, name):
    file = str(folder / f"{name}.safetensors")
    trainer, batch = started(folder, name, teachers=[file, file])
    losses = trainer.objective(batch)
    trainer.objective.answers.teachers = trainer.objective.teachers = trainer.objective.teachers[:1]
    for key, value in trainer.objective(batch).items():
        assert float(losses[key]) == pytest.approx(float(value), rel=1e-5), key


def test_maps_of_a_neck_by_fgd_and_a_training_of_its_own_layers(folder):
    options = {"teacher": str(folder / "pico.safetensors"), "loss": "none",
               "features": [{"student": "backbone", "teacher": "neck", "loss": "fgd"}]}
    with pytest.raises(ConfigError, match="backbone gives 3 maps, neck of the teacher 4"):
        started(folder, "pico", **options)
    options["features"][0].update(student="neck")
    trainer, batch = started(folder, "pico", **options)
    adapters = trainer.hook("Adapters")
    before = {k: v for k, v in adapters.state().items() if k.startswith("weights")}
    trainer.hooks = [hook for hook in trainer.hooks if type(hook).__name__ in ("LrSchedule", "Adapters")]
    assert float(trainer.objective(batch)["loss_fgd"]) > 0
    trainer.fit(1)
    after = adapters.state()
    assert any((after[k] != before[k]).any() for k in before)


def refused(*args, **options):
    with pytest.raises(ConfigError) as error:
        started(*args, **options)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_teachers_that_do_not_go_with_the_student(folder, trained):
    files = {name: str(folder / f"{name}.safetensors") for name in MODELS}
    assert "was trained for the task 'classify', the student's is 'detect'" in refused(folder, "yolo",
                                                                                       teacher=str(trained))
    assert "has a SSDHead, the student a YOLOv3Head" in refused(folder, "yolo", teacher=files["ssd"])
    assert "has no distillation of its answers yet" in refused(folder, "pico", teacher=files["pico"])
    assert "js is for classifiers" in refused(folder, "yolo", teacher=files["yolo"], loss="js")
    assert "YOLOv3Head has 2 to weigh, got 3" in refused(folder, "yolo", teacher=files["yolo"], heads=[1, 1, 1])
    assert "SSDHead has no parts" in refused(folder, "ssd", teacher=files["ssd"], heads=[2])
    assert "remove it" in refused(folder, "yolo", teacher=files["yolo"], input_size=96)
    assert "name one" in refused(folder, "rcnn", teachers=[files["rcnn"]] * 2)


def test_other_anchors_are_refused(folder, monkeypatch):
    head = {**MODELS["yolo"]["head"], "anchors": [[8, 8], [16, 16], [24, 24], [33, 32]]}
    monkeypatch.setitem(MODELS, "yolo", {**MODELS["yolo"], "head": head})
    assert "its anchors are" in refused(folder, "yolo", teacher=str(folder / "yolo.safetensors"))
