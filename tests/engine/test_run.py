"""A whole run: what lies in its folder, and that it learned something."""

import csv
from pathlib import Path

import numpy as np
import pytest

from ppmobile.cli import main
from ppmobile.config import load
from ppmobile.engine.hooks import Hook
from ppmobile.engine.run import assemble, restore, train
from ppmobile.files import read_image

LEARNABLE = {"epochs": 10, "batch_size": 8, "lr": 0.1, "lr_per_images": 8, "visualdl": True}


@pytest.fixture(scope="module")
def trained(pictures, tmp_path_factory):
    """(config, trainer, folder) of a short run that learns the three colours."""
    folder = tmp_path_factory.mktemp("runs") / "colours"
    end = [{"name": "Normalize"}, {"name": "ToCHW"}]
    config = load({
        "task": "classify",
        "model": {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [2]}, "head": {"dropout": 0.0}},
        "data": {s: {"name": "ImageList", "root": str(pictures), "file": f"{s}_list.txt"} for s in
                 ("train", "val", "test")},
        "transforms": {"train": [{"name": "Resize", "size": 16}, *end], "eval": [{"name": "Resize", "size": 16}, *end]},
        "train": {**LEARNABLE, "save_every": 5, "ema_decay": 0.5},
        "output": str(folder),
    })
    return config, train(config), folder


def test_it_learns(trained):
    assert trained[1].hook("Evaluate").best == 1.0


def test_its_folder_holds_the_promised_files(trained):
    names = {p.name for p in trained[2].iterdir()}
    assert names >= {"best.safetensors", "last.safetensors", "epoch_005.safetensors", "epoch_010.safetensors",
                     "metrics.csv", "curves.png", "config.yml", "visualdl"}
    assert list((trained[2] / "visualdl").iterdir())
    assert min(read_image(trained[2] / "curves.png").shape[:2]) > 200


def test_the_table_has_a_row_an_epoch(trained):
    with open(trained[2] / "metrics.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == [str(n) for n in range(1, 11)]
    assert set(rows[0]) == {"epoch", "lr", "loss", "img_per_s", "data_wait", "top1", "mean_class_acc", "val_loss",
                            "epoch_s"}
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])


def test_the_saved_config_is_the_run(trained):
    again = load(trained[2] / "config.yml")
    assert again.train == trained[0].train and again.model == trained[0].model and again.data == trained[0].data


def test_a_restored_model_is_the_averaged_one(trained):
    model, config, classes, saved = restore(trained[2] / "last.safetensors")
    assert classes == ["红 red", "green", "blue"]
    average = trained[1].hook("Ema").average
    assert all(np.array_equal(v.numpy(), average[k].numpy()) for k, v in model.state_dict().items())


def test_eval_prints_and_draws(trained, capsys):
    assert main(["eval", "-w", str(trained[2]), "--split", "test"]) == 0
    out = capsys.readouterr().out
    assert "test, 6 pictures: top1 1.0000" in out and "红 red" in out
    assert {p.name for p in (trained[2] / "eval_test").iterdir()} == {"result.json", "confusion.png", "report.html"}


def test_eval_with_mistakes_draws_the_worst(trained, tmp_path, capsys):
    early = trained[2] / "epoch_005.safetensors"
    model, *_, saved = restore(early)
    saved.arrays = {k: (v * 0 if k.endswith("fc.weight") else v) for k, v in saved.arrays.items()}
    saved.save(tmp_path / "bad.safetensors")
    assert main(["eval", "-w", str(tmp_path / "bad.safetensors"), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "worst.png").is_file()


def test_resuming_a_finished_run_changes_nothing(trained, capsys):
    before = (trained[2] / "last.safetensors").read_bytes()
    assert main(["train", "--resume", str(trained[2])]) == 0
    assert (trained[2] / "last.safetensors").read_bytes() == before


def test_a_run_without_val_trains_and_saves_last(trained, tmp_path):
    config = load(trained[2] / "config.yml", [f"output={tmp_path / 'noval'}", "data.val=null", "train.epochs=1"])
    train(config)
    names = {p.name for p in (tmp_path / "noval").iterdir()}
    assert "last.safetensors" in names and "best.safetensors" not in names


def test_memory_stays_flat_over_epochs(tiny):
    seen = []

    class Watch(Hook):
        def after_epoch(self, trainer):
            with open("/proc/self/statm", encoding="utf-8") as file:
                seen.append(int(file.read().split()[1]) * 4096)

    tiny["train"]["epochs"] = 30
    config = load(tiny)
    trainer = assemble(config, Path(tiny["output"]))
    trainer.hooks = [hook for hook in trainer.hooks if type(hook).__name__ != "Curves"] + [Watch()]
    trainer.fit(30)
    assert seen[-1] < seen[9] * 1.05  # after ten epochs everything that is kept is there
