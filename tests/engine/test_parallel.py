"""Two processes with the same global batch learn what one process learns."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from ppmobile.engine import checkpoint, parallel
from ppmobile.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


def ppmobile(*argv, **environment):
    """Run `ppmobile ...` in a process of its own; returns the completed process with its text."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run([sys.executable, "-m", "ppmobile", *map(str, argv)], cwd=ROOT, capture_output=True,
                          text=True, timeout=180, env=env)


@pytest.fixture
def config(tiny, tmp_path):
    """Three steps an epoch; BN frozen, since its statistics are those of each process."""
    tiny["model"]["head"] = {"dropout": 0.0}
    tiny["train"].update(freeze_bn=["backbone.*"], epochs=1, ema_decay=0.9)

    def write(name, **train):
        tree = {**tiny, "train": {**tiny["train"], **train}, "output": str(tmp_path / name)}
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(tree), encoding="utf-8")
        return tmp_path / f"{name}.yml"

    return write


def loss(folder):
    """The training loss of the last epoch in metrics.csv."""
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        return float(list(csv.DictReader(file))[-1]["loss"])


def test_two_processes_equal_one_after_three_steps(config, tmp_path):
    one = ppmobile("train", "-c", config("one"))
    two = ppmobile("train", "-c", config("two", processes="2"))
    assert one.returncode == two.returncode == 0, one.stderr + two.stderr
    a, b = (checkpoint.load(tmp_path / name / "last.safetensors") for name in ("one", "two"))
    assert a.meta["position"]["step"] == b.meta["position"]["step"] == 3
    for key, value in a.arrays.items():
        np.testing.assert_allclose(b.arrays[key], value, rtol=1e-4, atol=1e-6, err_msg=key)
    assert loss(tmp_path / "two") == pytest.approx(loss(tmp_path / "one"), rel=1e-5)


def test_a_last_batch_that_does_not_divide_evenly_still_gives_the_same_mean(config, tmp_path):
    # 24 pictures in batches of 10: the last batch has 4, the batch of 10 is 5 + 5; with 14: 7 + 7 and 5 + 5
    one = ppmobile("train", "-c", config("one", batch_size=10, accumulate=3))
    two = ppmobile("train", "-c", config("two", batch_size=10, accumulate=3, processes="2"))
    assert one.returncode == two.returncode == 0, one.stderr + two.stderr
    assert loss(tmp_path / "two") == pytest.approx(loss(tmp_path / "one"), rel=1e-5)


def test_paddles_own_launcher_works_too(config, tmp_path):
    file = config("launched", processes="1")
    done = subprocess.run(
        [sys.executable, "-m", "paddle.distributed.launch", "--nproc_per_node", "2", "--log_dir", str(tmp_path / "log"),
         "tools/train.py", "-c", str(file)], cwd=ROOT, capture_output=True, text=True, timeout=180,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PADDLE_DISTRI_BACKEND": "gloo"})
    assert done.returncode == 0, done.stdout + done.stderr
    ppmobile("train", "-c", config("one"))
    assert loss(tmp_path / "launched") == pytest.approx(loss(tmp_path / "one"), rel=1e-5)


def test_an_error_in_two_processes_is_one_line_and_ends_both(config, tmp_path):
    done = ppmobile("train", "-c", config("bad", processes="2", batch_size=9))
    assert done.returncode == 2
    message = [line for line in done.stderr.splitlines() if line.startswith("ppmobile:")]
    assert message == ["ppmobile: ConfigError: train.batch_size: 9 cannot be split over 2 processes; choose a multiple "
                       f"({tmp_path / 'bad.yml'})"]


def test_evaluation_over_two_processes_counts_every_picture_once(config, tmp_path):
    assert ppmobile("train", "-c", config("two", processes="2")).returncode == 0
    assert ppmobile("eval", "-w", tmp_path / "two").returncode == 0
    result = json.loads((tmp_path / "two" / "eval_val" / "result.json").read_text(encoding="utf-8"))
    with open(tmp_path / "two" / "metrics.csv", encoding="utf-8") as file:
        row = list(csv.DictReader(file))[-1]
    assert float(row["top1"]) == pytest.approx(result["top1"])
    assert float(row["val_loss"]) == pytest.approx(result["loss"], rel=1e-5)


def test_wanted_processes(monkeypatch):
    assert parallel.wanted("3", 8) == 3
    for cores, batch_size, expected in ((1, 32, 1), (2, 32, 2), (6, 32, 4), (64, 10, 10), (4, 7, 1)):
        monkeypatch.setattr(parallel, "cores", lambda count=cores: count)
        assert parallel.wanted("auto", batch_size) == expected
    for wrong in ("0", "many", "-1", "1.5"):
        with pytest.raises(ConfigError, match="train.processes: expected a number from 1 up or auto"):
            parallel.wanted(wrong, 8)
