"""Distill as a step of a training: what it learns, what it refuses, and that a resume ends in the same bits."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from ppmobile.config import load
from ppmobile.engine import checkpoint
from ppmobile.engine.hooks import Hook
from ppmobile.engine.run import assemble, restore, train
from ppmobile.errors import CheckpointError, ConfigError

ROOT = Path(__file__).resolve().parents[3]


def distil(tree, folder, resume=None, **options):
    """Train with one Distill step; returns the last checkpoint."""
    tree = {**tree, "output": str(folder), "slim": {"steps": [{"name": "Distill", **options}]}}
    train(load(tree), resume)
    return checkpoint.load(Path(folder) / "last.safetensors")


def columns(folder):
    """The last row of metrics.csv."""
    with open(Path(folder) / "metrics.csv", encoding="utf-8") as file:
        return list(csv.DictReader(file))[-1]


def objective(tree, model=None, **options):
    """The trainer of a distillation that has not begun."""
    return assemble(load({**tree, "slim": {"steps": [{"name": "Distill", **options}]}}), Path(tree["output"]))


@pytest.mark.parametrize("loss", ["kl", "js"])
def test_a_classifier_learns_from_labels_and_teacher(tiny, trained, tmp_path, loss):
    tiny["transforms"]["batch"] = [{"name": "Mixup"}]
    saved = distil(tiny, tmp_path / "run", teacher=str(trained), loss=loss, temperature=2.0)
    row = columns(tmp_path / "run")
    assert float(row["loss"]) == pytest.approx(float(row["loss_cls"]) + float(row[f"loss_{loss}"]), abs=1e-4)
    model, *_ = restore(tmp_path / "run")
    assert sorted(saved.part("model")) == sorted(model.state_dict())  # nothing of the teacher


def test_without_its_own_loss_the_student_comes_to_answer_as_the_teacher(tiny, trained, tmp_path):
    tiny["model"]["head"] = {"dropout": 0.0}
    teacher = checkpoint.load(trained)
    teacher.arrays["model/head.fc.bias"] += np.float32([0, 3, 0])  # one that is sure, whatever it sees
    teacher.save(tmp_path / "teacher.safetensors")
    distil(tiny, tmp_path / "run", teacher=str(tmp_path / "teacher.safetensors"), task_weight=0.0)
    with open(tmp_path / "run" / "metrics.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert "loss_cls" not in rows[0]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"]) / 2


def test_a_student_that_is_its_teacher_has_no_loss_and_no_gradient(tiny, trained):
    tiny["slim"] = {"start": str(trained), "steps": [{"name": "Distill", "teacher": str(trained), "task_weight": 0.0,
                    "features": [{"student": "backbone", "loss": kind} for kind in ("l2", "attention", "cwd")]}]}
    trainer = assemble(load(tiny), Path(tiny["output"]))
    trainer.model.eval()
    from ppmobile.data.tensors import to_tensors

    losses = trainer.objective(to_tensors(next(iter(trainer.loader.epoch(0)))))
    assert sorted(losses) == ["loss_attention", "loss_cwd", "loss_kl", "loss_l2"]
    sum(losses.values()).backward()
    assert sum(float(value) for value in losses.values()) == pytest.approx(0, abs=1e-6)
    for path, parameter in trainer.model.named_parameters():
        if parameter.grad is not None:
            np.testing.assert_allclose(parameter.grad.numpy(), 0, atol=1e-5, err_msg=path)


def test_the_teacher_is_not_trained(tiny, trained, tmp_path):
    trainer = objective(tiny, teacher=str(trained), features=[{"student": "backbone"}])
    teacher = trainer.objective.teachers[0].model
    before = {k: v.numpy().copy() for k, v in teacher.state_dict().items()}
    trainer.hooks = [hook for hook in trainer.hooks if type(hook).__name__ in ("LrSchedule", "Adapters")]
    trainer.fit(1)
    assert all((v.numpy() == before[k]).all() for k, v in teacher.state_dict().items())
    assert all(p.grad is None for p in teacher.parameters())


def test_several_teachers_are_averaged(tiny, trained):
    one = objective(tiny, teacher=str(trained))
    two = objective(tiny, teachers=[str(trained), str(trained)])
    for trainer in (one, two):
        trainer.model.eval()
    two.model.set_state_dict(one.model.state_dict())
    from ppmobile.data.tensors import to_tensors

    batch = to_tensors(next(iter(one.loader.epoch(0))))
    assert float(two.objective(batch)["loss_kl"]) == pytest.approx(float(one.objective(batch)["loss_kl"]), rel=1e-5)


@pytest.mark.parametrize("count", [5, 40])
def test_pictures_without_labels_join_each_batch(tiny, trained, pictures, tmp_path, count):
    tiny["train"]["epochs"] = 1
    folder = tmp_path / "无标签"
    folder.mkdir()
    for number in range(count):
        source = sorted((pictures / f"c{number % 3}").iterdir())[number % 12]
        (folder / f"{number}.png").write_bytes(source.read_bytes())
    trainer = objective(tiny, teacher=str(trained), unlabeled=str(folder))
    from ppmobile.data.tensors import to_tensors

    seen, hook = [], trainer.hook("Unlabeled")
    for number, batch in enumerate(trainer.loader.epoch(0)):
        trainer.batch = number
        hook.before_batch(trainer)
        seen.append(hook.image.numpy())
        own = trainer.objective(to_tensors(batch))
        assert sorted(own) == ["loss_cls", "loss_kl"]
    trainer.model.eval()
    outputs = trainer.model(to_tensors(batch)["image"])
    wanted = trainer.model.head.losses(outputs, to_tensors(batch))  # of the labelled ones alone
    assert float(trainer.objective(to_tensors(batch))["loss_cls"]) == pytest.approx(float(wanted["loss_cls"]), rel=1e-4)
    assert [len(one) for one in seen] == [min(count, 8)] * 3
    again = objective(tiny, teacher=str(trained), unlabeled=str(folder))
    again.batch = 2  # as a resume in mid-epoch finds it
    again.hook("Unlabeled").before_batch(again)
    np.testing.assert_array_equal(again.hook("Unlabeled").image.numpy(), seen[2])


def test_unlabeled_pictures_in_a_whole_training(tiny, trained, pictures, tmp_path):
    distil(tiny, tmp_path / "run", teacher=str(trained), unlabeled=str(pictures / "c1"))
    assert float(columns(tmp_path / "run")["loss_kl"]) > 0
    tiny["transforms"]["batch"] = [{"name": "MultiScale", "sizes": [16, 12]}]
    assert "remove one" in refused(tiny, ConfigError, teacher=str(trained), unlabeled=str(pictures / "c1"))


def test_two_processes_distil_as_one_does(tiny, trained, tmp_path):
    """Batch norm is frozen, whose statistics are each process's own; the adapters' gradients are means, too."""
    tiny["model"]["head"] = {"dropout": 0.0}
    tiny["model"]["backbone"]["scale"] = 0.5
    tiny["train"].update(freeze_bn=["backbone.*"], epochs=1)
    tiny["slim"] = {"steps": [{"name": "Distill", "teacher": str(trained), "features": WIDER}]}
    for name, processes in (("one", "1"), ("two", "2")):
        tree = {**tiny, "output": str(tmp_path / name), "train": {**tiny["train"], "processes": processes}}
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(tree), encoding="utf-8")
        done = subprocess.run([sys.executable, ROOT / "tools" / "train.py", "-c", str(tmp_path / f"{name}.yml")],
                              capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    one, two = (checkpoint.load(tmp_path / name / "last.safetensors").arrays for name in ("one", "two"))
    for key, value in one.items():
        np.testing.assert_allclose(two[key], value, rtol=1e-4, atol=1e-5, err_msg=key)


WIDER = [{"student": "backbone", "loss": "l2", "weight": 0.5}, {"student": "backbone.stem", "loss": "cwd"}]


def test_a_resume_with_adapters_ends_in_the_same_bits(tiny, trained, tmp_path):
    tiny["model"]["backbone"]["scale"] = 0.5  # other widths than the teacher's
    tiny["train"].update(epochs=3, ema_decay=0.9)
    whole = distil(tiny, tmp_path / "a", teacher=str(trained), features=WIDER)
    assert any(key.startswith("hook/Adapters/optimizer/") for key in whole.arrays)
    assert not any("adapt" in key for key in whole.part("model"))

    class Stop(Hook):
        def after_step(self, trainer):
            trainer.stop_request = trainer.step == 3

    from ppmobile.engine import run as module

    original = module.build_hooks
    module.build_hooks = lambda *a: [*original(*a)[:-1], Stop(), original(*a)[-1]]
    try:
        stopped = distil(tiny, tmp_path / "b", teacher=str(trained), features=WIDER)
    finally:
        module.build_hooks = original
    assert stopped.meta["position"]["step"] < whole.meta["position"]["step"]
    again = distil(tiny, tmp_path / "b", resume=tmp_path / "b", teacher=str(trained), features=WIDER)
    assert sorted(again.arrays) == sorted(whole.arrays)
    for key, value in whole.arrays.items():
        assert value.tobytes() == again.arrays[key].tobytes(), key


def refused(tree, kind, **options):
    with pytest.raises(kind) as error:
        objective(tree, **options)
    text = str(error.value)
    assert "\n" not in text
    return text


def test_a_teacher_of_other_classes_is_refused(tiny, data, trained):
    lines = (data / "labels.txt").read_text(encoding="utf-8").splitlines()
    (data / "labels.txt").write_text("\n".join([*lines[:2], "violet"]) + "\n", encoding="utf-8")
    text = refused(tiny, CheckpointError, teacher=str(trained))
    assert "teacher" in text and "the first difference is class 2: ['blue'] against ['violet']" in text


@pytest.mark.parametrize("options, words", [
    ({}, "teacher or teachers, one of them must name"),
    ({"teachers": [3]}, "teachers must be a list"),
    ({"teacher": "x", "loss": "mse"}, "loss must be one of kl, js, none, got 'mse'"),
    ({"teacher": "x", "loss": "none"}, "features must name layers"),
    ({"teacher": "x", "loss": "none", "heads": [1], "features": [{"student": "a"}]}, "heads weigh what loss compares"),
    ({"teacher": "x", "temperature": 0.0}, "temperature must be a number"),
    ({"teacher": "x", "features": [{"teacher": "a"}]}, "features are blocks of"),
    ({"teacher": "x", "features": [{"student": "a", "weigth": 1}]}, "no key 'weigth'. Did you mean 'weight'?"),
    ({"teacher": "x", "features": [{"student": "a", "loss": "at"}]}, "loss must be one of l2, attention, cwd, fgd"),
    ({"teacher": "x", "features": [{"student": "a", "temperature": 2}]}, "temperature is for cwd and fgd; l2 has none"),
    ({"teacher": "x", "features": [{"student": "a", "loss": "attention", "temperature": 2}]}, "attention has none"),
    ({"teacher": "x", "features": [{"student": "a", "loss": "cwd", "temperature": 0}]}, "temperature must be a number"),
    ({"teacher": "x", "weight": 0.0}, "nothing would be learnt from the teacher"),
    ({"teacher": "x", "weight": 0.0, "features": [{"student": "a"}], "temperature": 2.0}, "weight of 0 leaves out"),
    ({"teacher": "x", "weight": 0.0, "features": [{"student": "a"}], "heads": [1]}, "weight of 0 leaves out"),
    ({"teacher": "x", "weight": 0.0, "features": [{"student": "a"}], "loss": "js"}, "weight of 0 leaves out"),
    ({"teacher": "x", "input_size": -1}, "size must be a positive whole number"),
])
def test_bad_options(tiny, options, words):
    assert words in refused(tiny, ConfigError, **options)


def test_bad_teachers_and_paths(tiny, trained):
    assert "no such checkpoint" in refused(tiny, CheckpointError, teacher="nowhere")
    text = refused(tiny, ConfigError, teacher=str(trained), features=[{"student": "backbone.steem"}])
    assert "the student has no layer 'backbone.steem'. Did you mean 'backbone.stem'?" in text
    text = refused(tiny, ConfigError, teacher=str(trained), features=[{"student": "head.fc"}])
    assert "gives no maps" in text
    for heads in ([2], [1, 2]):
        text = refused(tiny, ConfigError, teacher=str(trained), heads=heads)
        assert "heads: weighs the maps of YOLOv3 or the stages of Faster R-CNN, and ClassifyHead has no parts" in text
    assert "fgd weighs" in refused(tiny, ConfigError, teacher=str(trained),
                                   features=[{"student": "backbone", "loss": "fgd"}])


def test_a_teacher_may_see_another_size_and_another_normalisation(tiny, trained, tmp_path):
    tiny["transforms"]["train"][-2] = tiny["transforms"]["eval"][-2] = {"name": "Normalize", "mean": [0, 0, 0],
                                                                        "std": [1, 1, 1]}
    trainer = objective(tiny, teacher=str(trained), input_size=24, features=[{"student": "backbone", "loss": "l2"}])
    teacher, batch = trainer.objective.teachers[0], next(iter(trainer.loader.epoch(0)))
    import paddle

    # what the teacher was trained on: (value / 255 - mean) / std of ImageNet, of pictures enlarged to 24 px
    pixels = paddle.to_tensor(batch["image"])
    plain = (pixels.numpy() - np.float32([0.485, 0.456, 0.406])[:, None, None]) / np.float32(
        [0.229, 0.224, 0.225])[:, None, None]
    big = paddle.nn.functional.interpolate(paddle.to_tensor(plain), [24, 24], mode="bilinear")
    np.testing.assert_allclose(teacher.ask(pixels)[0].numpy(), teacher.model(big).numpy(), atol=1e-4)
    trainer.model.train()
    assert np.isfinite(float(sum(trainer.objective({"image": pixels, "label": paddle.to_tensor(batch["label"])}
                                                   ).values())))
