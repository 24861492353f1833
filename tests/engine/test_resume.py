"""A run that was stopped and resumed ends in the same bits as one that was not."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from ppmobile.config import load
from ppmobile.engine import checkpoint
from ppmobile.engine.hooks import Hook
from ppmobile.engine.run import train
from ppmobile.errors import CheckpointError, PPMobileError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def config(tiny):
    """A tiny config with all that has state: EMA, momentum, dropout, mixing, early stop, a cosine rate."""
    tiny["model"]["head"] = {"dropout": 0.3}
    tiny["transforms"]["batch"] = [{"name": "Mixup"}]
    tiny["train"].update(epochs=4, ema_decay=0.9, warmup_epochs=1, early_stop=50, clip_norm=1.0)
    return tiny


def run(config, output, resume=None, **train_keys):
    """Train in this process; returns the last checkpoint."""
    tree = {**config, "train": {**config["train"], **train_keys}, "output": str(output)}
    train(load(tree), resume)
    return checkpoint.load(Path(output) / "last.safetensors")


def same(a, b):
    """Every array equal to the bit, and every plain value that is no time measurement."""
    assert sorted(a.arrays) == sorted(b.arrays)
    for key, value in a.arrays.items():
        assert value.dtype == b.arrays[key].dtype, key
        assert value.tobytes() == b.arrays[key].tobytes(), key
    for part in ("position", "order", "hooks", "classes"):
        assert a.meta[part] == b.meta[part], part
    return True


def test_after_a_normal_stop_in_the_same_process(config, tmp_path):
    whole = run(config, tmp_path / "a")
    stop_after(config, tmp_path / "b", 2)
    assert same(run(config, tmp_path / "b", resume=tmp_path / "b"), whole)
    rows = (tmp_path / "b" / "metrics.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "1", "2", "3", "4"]


def stop_after(config, output, epochs):
    """The first epochs of a run of config's length: stopped from outside, as early stopping would."""

    class Stop(Hook):
        def after_epoch(self, trainer):
            trainer.stop = "enough" if trainer.epoch == epochs else ""

    from ppmobile.engine import run as module

    original = module.build_hooks
    module.build_hooks = lambda *a: [*original(*a), Stop()]
    try:
        return run(config, output)
    finally:
        module.build_hooks = original


@pytest.mark.parametrize("workers", [0, 2])
def test_with_another_number_of_workers(config, tmp_path, workers):
    whole = run(config, tmp_path / "a")
    stop_after(config, tmp_path / "b", 1)
    config["data"] = {**config["data"], "workers": workers}
    assert same(run(config, tmp_path / "b", resume=tmp_path / "b"), whole)


def test_workers_change_nothing_and_the_seed_changes_all(config, tmp_path):
    plain = run(config, tmp_path / "a", epochs=1)
    assert same(run({**config, "data": {**config["data"], "workers": 2}}, tmp_path / "b", epochs=1), plain)
    other = run({**config, "seed": 1}, tmp_path / "c", epochs=1)
    key = next(k for k in plain.arrays if k.startswith("model/") and k.endswith("conv.weight"))
    assert not np.array_equal(other.arrays[key], plain.arrays[key])


def test_after_sigkill_in_mid_epoch(config, tmp_path):
    whole = run(config, tmp_path / "a")
    config["output"] = str(tmp_path / "b")
    config["train"]["save_steps"] = 1
    child = start(config, tmp_path)
    last = tmp_path / "b" / "last.safetensors"
    wait_for(lambda: last.is_file() and checkpoint.load(last).meta["position"]["step"] in range(4, 12))
    child.kill()
    child.wait()
    position = checkpoint.load(last).meta["position"]
    assert position["step"] < 12, "the run ended before it was killed"
    assert same(run(config, tmp_path / "b", resume=tmp_path / "b", save_steps=0), whole)


def test_ctrl_c_saves_to_the_batch_and_says_how_to_go_on(config, tmp_path):
    whole = run(config, tmp_path / "a")
    config["output"] = str(tmp_path / "b")
    child = start(config, tmp_path)
    wait_for(lambda: (tmp_path / "b" / "last.safetensors").is_file())
    child.send_signal(signal.SIGINT)
    out = child.communicate(timeout=60)[0]
    assert child.returncode == 130, out
    assert f"go on with: ppmobile train --resume {tmp_path / 'b'}" in out
    assert "Traceback" not in out
    assert same(run(config, tmp_path / "b", resume=tmp_path / "b"), whole)


def start(config, tmp_path):
    """`ppmobile train` in a process of its own, slowed down so that it can be caught in the act."""
    file = tmp_path / "config.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    slow = ("import sys, time; from ppmobile.engine import trainer; step = trainer.Trainer.train_batch; "
            "trainer.Trainer.train_batch = lambda *a: (step(*a), time.sleep(0.2)); "
            f"from ppmobile.cli import main; sys.exit(main(['train', '-c', {str(file)!r}]))")
    return subprocess.Popen([sys.executable, "-c", slow], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def wait_for(condition, seconds=90):
    """Poll until `condition()`; fails after so many seconds."""
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, "waited in vain"
        time.sleep(0.05)


def test_a_changed_data_order_is_refused(config, tmp_path):
    run(config, tmp_path / "a", epochs=1)
    with pytest.raises(CheckpointError, match="the data order changed: batch_size 8 -> 4"):
        run(config, tmp_path / "a", resume=tmp_path / "a", epochs=2, batch_size=4)


def test_another_optimizer_is_refused(config, tmp_path):
    run(config, tmp_path / "a", epochs=1)
    with pytest.raises(CheckpointError, match="has no optimizer state .*another train.optimizer"):
        run(config, tmp_path / "a", resume=tmp_path / "a", epochs=2, optimizer={"name": "Adam"})


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW", "RMSProp"])
def test_with_every_other_optimizer(config, tmp_path, optimizer):
    config["train"].update(epochs=2, lr=0.001, optimizer={"name": optimizer})
    whole = run(config, tmp_path / "a")
    stop_after(config, tmp_path / "b", 1)
    assert same(run(config, tmp_path / "b", resume=tmp_path / "b"), whole)


def test_a_finished_run_is_not_overwritten_by_accident(config, tmp_path):
    run(config, tmp_path / "a", epochs=1)
    before = (tmp_path / "a" / "last.safetensors").read_bytes()
    with pytest.raises(PPMobileError, match="holds a run already; go on with --resume, replace it with --overwrite"):
        run(config, tmp_path / "a", epochs=1)
    assert (tmp_path / "a" / "last.safetensors").read_bytes() == before


def test_a_resume_needs_no_pretrained_file(config, tmp_path):
    whole = run(config, tmp_path / "a")
    source = tmp_path / "start.safetensors"
    whole.save(source)
    config["model"]["pretrained"] = str(source)
    stop_after(config, tmp_path / "b", 1)
    source.unlink()
    assert run(config, tmp_path / "b", resume=tmp_path / "b").meta["position"]["epoch"] == 4


def test_a_stop_behind_the_last_batch_gives_a_whole_row(config, tmp_path):
    class StopAtTheEnd(Hook):
        def before_step(self, trainer):
            trainer.stop_request = trainer.epoch == 1 and trainer.batch == len(trainer.loader) - 1

    from ppmobile.engine import run as module

    original = module.build_hooks
    module.build_hooks = lambda *a: [StopAtTheEnd(), *original(*a)]
    try:
        stopped = run(config, tmp_path / "b", batch_size=6)
    finally:
        module.build_hooks = original
    assert stopped.meta["position"] in ({"epoch": 1, "batch": 4, "step": 8}, {"epoch": 1, "batch": 3, "step": 7})
    run(config, tmp_path / "b", resume=tmp_path / "b", batch_size=6)
    with open(tmp_path / "b" / "metrics.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2", "3", "4"] and all(row["lr"] for row in rows)
    assert all(row["img_per_s"] != "0.0" for row in rows)


def test_resume_and_overwrite_exclude_each_other(config, tmp_path, capsys):
    from ppmobile.cli import main

    with pytest.raises(SystemExit) as stopped:
        main(["train", "--resume", str(tmp_path), "--overwrite"])
    assert stopped.value.code == 2 and "give one of them" in capsys.readouterr().err


def test_a_batch_larger_than_the_data_sets_the_rate_of_the_real_pictures(config, tmp_path, capsys):
    run(config, tmp_path / "a", epochs=1, batch_size=1000, lr=1.0, lr_per_images=48)
    assert "24 pictures, 24 a step, 1 process(es), learning rate 0.5 (train.lr 1 is for 48)" in capsys.readouterr().out
