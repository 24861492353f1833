"""Checkpoints: what is written comes back, and nothing of a foreign file is believed or executed."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import paddle
import pytest
from safetensors.numpy import save_file

from ppmobile.engine import checkpoint
from ppmobile.engine.checkpoint import Checkpoint, find, is_run, load, load_weights
from ppmobile.errors import CheckpointError, PPMobileError

ROOT = Path(__file__).resolve().parents[2]
META = {"config": {"task": "classify"}, "classes": ["猫", "dog"], "position": {"epoch": 1, "batch": 0, "step": 3},
        "order": {"seed": 0, "batch_size": 8, "pictures": 24}, "hooks": {"Ema": {"steps": 3}}}


def small():
    arrays = {"model/a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "hook/Ema/a.weight": np.ones((2, 3)),
              "optimizer/a.weight/velocity": np.zeros((2, 3), np.float32)}
    return Checkpoint(arrays, {**META, "best": 0.1 + 0.2})


def test_what_is_written_comes_back(tmp_path):
    small().save(tmp_path / "é.safetensors")
    back = load(tmp_path / "é.safetensors")
    assert all(np.array_equal(back.arrays[k], v) and back.arrays[k].dtype == v.dtype for k, v in small().arrays.items())
    assert back.meta["classes"] == ["猫", "dog"] and back.meta["best"] == 0.1 + 0.2
    assert list(back.part("optimizer")) == ["a.weight/velocity"]


def test_the_average_is_what_is_evaluated():
    assert (small().weights()["a.weight"] == 1).all()
    plain = Checkpoint({"model/a.weight": np.zeros(2)}, {})
    assert (plain.weights()["a.weight"] == 0).all()


def test_a_folder_means_its_best_or_last(tmp_path):
    with pytest.raises(CheckpointError, match="no best.safetensors or last.safetensors in this folder"):
        find(tmp_path)
    small().save(tmp_path / "last.safetensors")
    assert find(tmp_path).name == "last.safetensors"
    small().save(tmp_path / "best.safetensors")
    assert find(tmp_path).name == "best.safetensors"
    with pytest.raises(CheckpointError, match="gone: no such checkpoint"):
        find(tmp_path / "gone")


def truncated(path):
    small().save(path)
    path.write_bytes(path.read_bytes()[:-10])


def pickled(path):
    path.write_bytes(pickle.dumps({"w": np.zeros(3)}))


def weights_only(path):
    save_file({"w": np.zeros(3)}, str(path))


def newer(path):
    save_file({"w": np.zeros(3)}, str(path), {"ppmobile": json.dumps({"format": 99, "ppmobile": "9.0"})})


def no_json(path):
    save_file({"w": np.zeros(3)}, str(path), {"ppmobile": "{"})


@pytest.mark.parametrize("write, message", [
    (truncated, "damaged, or not a checkpoint"),
    (pickled, "damaged, or not a checkpoint"),
    (lambda path: path.write_bytes(b""), "damaged, or not a checkpoint"),
    (weights_only, "holds weights only, not a run of ppmobile; use it as model.pretrained"),
    (no_json, "its description is damaged: expected a JSON object, got '{'"),
    (newer, r"written by a newer ppmobile \(9.0\); update this one"),
])
def test_other_files_are_refused_in_one_line(tmp_path, write, message):
    path = tmp_path / "x.safetensors"
    write(path)
    with pytest.raises(CheckpointError, match=message) as error:
        load(path)
    assert "\n" not in str(error.value) and "x.safetensors" in str(error.value)


@pytest.mark.parametrize("key, value, fault", [
    ("format", "1", "format is '1', expected a whole number"),
    ("format", None, "format is nothing, expected a whole number"),
    ("config", [], r"config is \[\], expected a block of keys"),
    ("classes", {"a": 1}, "classes is {'a': 1}, expected a list of names"),
    ("classes", ["a", 1], r"classes is \['a', 1\], expected a list of names"),
    ("classes", [], r"classes is \[\], expected a list of names"),
    ("position", 3, "position is 3, expected a block of keys"),
    ("position", {"epoch": 1, "batch": 0}, "position.step is missing"),
    ("position", {"epoch": 1, "batch": -1, "step": 3}, "position.batch is -1, expected a whole number from 0 up"),
    ("position", {"epoch": True, "batch": 0, "step": 3}, "position.epoch is true, expected a whole number from 0 up"),
    ("order", {"seed": 0, "batch_size": "8", "pictures": 24}, "order.batch_size is '8', expected a whole number"),
    ("hooks", None, "hooks is nothing, expected a block of keys"),
    ("hooks", {"Meter": 1}, "hooks.Meter is 1, expected a block of keys"),
])
def test_a_damaged_description_is_told_by_its_key(tmp_path, key, value, fault):
    meta = {**META, "format": 1, key: value}
    save_file({"w": np.zeros(3)}, str(tmp_path / "x.safetensors"), {"ppmobile": json.dumps(meta)})
    with pytest.raises(CheckpointError, match=f"x.safetensors: its description is damaged: {fault}.*; take another"):
        load(tmp_path / "x.safetensors")


@pytest.mark.parametrize("key", sorted(META))
def test_a_missing_key_of_the_description_is_named(tmp_path, key):
    meta = {"format": 1, **{k: v for k, v in META.items() if k != key}}
    save_file({"w": np.zeros(3)}, str(tmp_path / "x.safetensors"), {"ppmobile": json.dumps(meta)})
    with pytest.raises(CheckpointError, match=f"its description is damaged: {key} is missing"):
        load(tmp_path / "x.safetensors")


def test_an_average_that_the_description_promises_must_be_there():
    with pytest.raises(CheckpointError, match="f: its description is damaged: hooks.Ema has no arrays"):
        Checkpoint({"model/w": np.zeros(2)}, META, "f").weights()


@pytest.mark.parametrize("name, message", [
    ("x.npz", "x.npz: holds weights only, not a run of ppmobile; use it as model.pretrained"),
    ("x.pdparams", "x.pdparams: holds weights only"),
    ("x.txt", "x.txt: is not a checkpoint; give a run's folder or a .safetensors file"),
])
def test_other_kinds_of_files_are_judged_by_their_suffix(tmp_path, name, message):
    (tmp_path / name).write_bytes(b"PK\3\4")
    with pytest.raises(CheckpointError, match=message):
        load(tmp_path / name)


def test_a_run_is_told_from_weights_without_reading_arrays(tmp_path, monkeypatch):
    small().save(tmp_path / "run.safetensors")
    weights_only(tmp_path / "weights.safetensors")
    monkeypatch.setattr(checkpoint, "load", None)
    assert is_run(tmp_path) and is_run(tmp_path / "run.safetensors")
    assert not is_run(tmp_path / "weights.safetensors") and not is_run(tmp_path / "gone.npz")
    newer(tmp_path / "newer.safetensors")
    assert is_run(tmp_path / "newer.safetensors")
    pickled(tmp_path / "pickle.safetensors")
    for name in ("pickle.safetensors", "gone.safetensors"):
        with pytest.raises(CheckpointError, match=name):
            is_run(tmp_path / name)


def test_weights_of_another_model_leave_this_one_untouched():
    model = paddle.nn.Linear(3, 2)
    before = model.weight.numpy().copy()
    state = {k: v.numpy() + 1 for k, v in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"f: belongs to another model: 1 of 2 arrays are missing \(first: bias"):
        load_weights(model, {"weight": state["weight"]}, "f")
    with pytest.raises(CheckpointError, match=r"weight has shape \[3, 5\], this model needs \[3, 2\]"):
        load_weights(model, {**state, "weight": np.zeros((3, 5))}, "f")
    with pytest.raises(CheckpointError, match="f: bias holds int64 numbers, this model needs float32"):
        load_weights(model, {**state, "bias": np.zeros(2, np.int64)}, "f")
    assert np.array_equal(model.weight.numpy(), before)
    load_weights(model, {**state, "weight": state["weight"].astype(np.float64)}, "f")
    assert np.array_equal(model.weight.numpy(), before + 1)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "last.safetensors"
    small().save(path)
    before = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(PPMobileError, match="last.safetensors: cannot be written: the disk is full"):
        small().save(path)
    monkeypatch.undo()
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["last.safetensors"]


def test_a_disk_that_takes_no_more_bytes_leaves_the_old_file(tmp_path):
    pytest.importorskip("resource")
    small().save(tmp_path / "last.safetensors")
    before = (tmp_path / "last.safetensors").read_bytes()
    code = """
import resource, sys
import numpy as np
from ppmobile.engine.checkpoint import Checkpoint
from ppmobile.errors import PPMobileError
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
try:
    Checkpoint({"model/w": np.ones(1 << 16)}, {}).save(sys.argv[1])
except PPMobileError as error:
    sys.exit(f"told: {error}")
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "last.safetensors")], cwd=ROOT, check=False,
                          capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.stderr.startswith("told: ") and "last.safetensors: cannot be written: the file grew" in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["last.safetensors"]
    assert (tmp_path / "last.safetensors").read_bytes() == before
