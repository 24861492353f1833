"""Two processes with the same global batch learn what one process learns."""

import contextlib
import csv
import json
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
from ppmobile.engine import checkpoint, launch, parallel
from ppmobile.engine.run import train
from ppmobile.errors import ConfigError, PPMobileError

ROOT = Path(__file__).resolve().parents[2]


def ppmobile(*argv, **environment):
    """Run tools/NAME.py from a foreign folder, as in a checkout that is not installed; returns the finished process."""
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    return subprocess.run([sys.executable, ROOT / "tools" / f"{argv[0]}.py", *map(str, argv[1:])], capture_output=True,
                          text=True, timeout=180, cwd=environment.pop("cwd", "/"), env={**env, **environment})


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


def test_a_process_that_dies_ends_the_group_with_one_line(config, tmp_path):
    """The second process is killed as soon as it runs, once in its start-up and once in training."""
    for moment in (0.0, 6.0):
        file = config("dies", processes="2", epochs=500)
        run = subprocess.Popen([sys.executable, ROOT / "tools/train.py", "-c", file, "--overwrite"], text=True,
                               stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        second = wait_for(lambda pid=run.pid: children_of(pid)[1:])[0]
        time.sleep(moment)
        os.kill(second, signal.SIGKILL)
        err = run.communicate(timeout=60)[1]
        lines = [line for line in err.splitlines() if line.startswith("ppmobile: ")]
        assert run.returncode == 2 and len(lines) == 1 and "Traceback" not in err, err
        assert "training process" in lines[0] and "ended" in lines[0]


def test_killing_the_parent_leaves_no_orphan(config):
    run = subprocess.Popen([sys.executable, ROOT / "tools/train.py", "-c", config("k", processes="2", epochs=500)],
                           stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    pids = wait_for(lambda: len(children_of(run.pid)) == 2 and children_of(run.pid))
    time.sleep(6)
    run.kill()
    run.wait()
    wait_for(lambda: not any(alive(pid) for pid in pids))


def test_two_processes_stopped_in_mid_epoch_go_on_to_the_same_bits(tiny, tmp_path):
    """BN is live here: each process has its own statistics until the epoch ends."""
    tiny["train"].update(epochs=3, ema_decay=0.9, processes="2", save_steps=1)
    files = {}
    for name in ("whole", "cut"):
        files[name] = tmp_path / f"{name}.yml"
        files[name].write_text(yaml.safe_dump({**tiny, "output": str(tmp_path / name)}), encoding="utf-8")
    assert ppmobile("train", "-c", files["whole"]).returncode == 0
    last = tmp_path / "cut" / "last.safetensors"
    slow = (f"import sys, time; sys.path.insert(0, {str(ROOT)!r}); from ppmobile.engine import trainer, run; "
            "step = trainer.Trainer.train_batch; trainer.Trainer.train_batch = lambda *a: (step(*a), time.sleep(0.3)); "
            "from ppmobile.config import load; from ppmobile.engine import launch; launch.follow_parent(); "
            f"run.train(load({str(files['cut'])!r}))")
    ends = launch._free_ends(2)
    common = {**os.environ, "PADDLE_TRAINERS_NUM": "2", "PADDLE_TRAINER_ENDPOINTS": ",".join(ends),
              "PADDLE_MASTER": ends[0], "PADDLE_DISTRI_BACKEND": "gloo"}
    group = [subprocess.Popen([sys.executable, "-c", slow], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={
        **common, "PADDLE_TRAINER_ID": str(n), "PADDLE_CURRENT_ENDPOINT": ends[n]}) for n in (0, 1)]
    wait_for(lambda: last.is_file() and checkpoint.load(last).meta["position"]["step"] in (4, 5))
    for child in group:
        child.kill()
        child.wait()
    assert checkpoint.load(last).meta["position"]["batch"] > 0
    resumed = ppmobile("train", "--resume", tmp_path / "cut")
    assert resumed.returncode == 0, resumed.stderr
    a, b = (checkpoint.load(tmp_path / name / "last.safetensors").arrays for name in ("whole", "cut"))
    assert sorted(a) == sorted(b) and all(np.array_equal(a[key], b[key]) for key in a)


def test_a_python_process_may_train_twice(tiny, tmp_path):
    one = load({**tiny, "train": {**tiny["train"], "processes": "2"}})
    trainer = train(one)
    assert trainer.epoch == 2 and trainer.hook("Evaluate").best is not None
    again = train(load({**tiny, "output": str(tmp_path / "again")}))
    assert again.epoch == 2
    with pytest.raises(PPMobileError, match="training in 2 processes failed"):
        train(one)  # the folder holds a run


def processes():
    """{pid: (parent's pid, state)} of all processes that Linux knows."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it may end while we look
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            found[int(path.parent.name)] = int(fields[1]), fields[0]
    return found


def children_of(pid):
    """Process numbers of the direct children, oldest first."""
    return sorted(child for child, (parent, _) in processes().items() if parent == pid)


def alive(pid):
    """Whether a process runs (and is no zombie)."""
    return processes().get(pid, (0, "Z"))[1] != "Z"


def wait_for(condition, seconds=60):
    """Poll until `condition()` is true and return what it gave; fails after so many seconds."""
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, "waited in vain"
        time.sleep(0.02)
    return condition()


def test_an_error_found_in_the_group_names_the_users_file_and_leaves_no_folder(config, tmp_path):
    file = config("odd", processes="2")
    (tmp_path / "temporary").mkdir()
    done = ppmobile("train", "-c", file, "-o", "train.freeze_bn=[backbon.*]", TMPDIR=str(tmp_path / "temporary"))
    assert done.returncode == 2 and done.stderr.count("ppmobile: ") == 1
    assert "train.freeze_bn.0: 'backbon.*' matches no BN layer" in done.stderr and done.stderr.rstrip().endswith("(-o)")
    done = ppmobile("train", "-c", file, "-o", "model.backbone.scale=0.3", TMPDIR=str(tmp_path / "temporary"))
    assert str(file) in done.stderr or "(-o)" in done.stderr
    assert not list((tmp_path / "temporary").iterdir())


def test_with_live_bn_both_reach_the_same_accuracy(tiny, tmp_path):
    """Each process normalises its own half, so the runs differ; three plain colours are learned by both."""
    tiny["model"] = {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [2]}, "head": {"dropout": 0.0}}
    tiny["transforms"]["train"] = tiny["transforms"]["eval"]
    tiny["train"].update(epochs=10, lr=0.1)
    for count in ("1", "2"):
        tree = {**tiny, "train": {**tiny["train"], "processes": count}, "output": str(tmp_path / count)}
        assert train(load(tree)).hook("Evaluate").best == 1.0


def test_wanted_processes(monkeypatch):
    assert parallel.wanted("4", 8) == 4 and parallel.wanted("1", 1) == 1
    with pytest.raises(ConfigError, match="train.batch_size: 8 cannot be split over 3 processes; choose a multiple"):
        parallel.wanted("3", 8)
    with pytest.raises(ConfigError, match="4 gives each of 4 processes fewer than 2 pictures; choose at least 8"):
        parallel.wanted("4", 4)
    for cores, batch_size, expected in ((1, 32, 1), (2, 32, 2), (6, 32, 4), (64, 10, 5), (4, 7, 1)):
        monkeypatch.setattr(parallel, "cores", lambda count=cores: count)
        assert parallel.wanted("auto", batch_size) == expected
    for wrong in ("0", "many", "-1", "1.5"):
        with pytest.raises(ConfigError, match="train.processes: expected a number from 1 up or auto"):
            parallel.wanted(wrong, 8)
