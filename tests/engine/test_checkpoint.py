"""Checkpoints: what is written comes back, and nothing of a foreign file is believed or executed."""

import json
import pickle

import numpy as np
import paddle
import pytest
from safetensors.numpy import save_file

from ppmobile.engine.checkpoint import Checkpoint, find, load, load_weights
from ppmobile.errors import CheckpointError, PPMobileError


def small():
    arrays = {"model/a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "hook/Ema/a.weight": np.ones((2, 3)),
              "optimizer/a.weight/velocity": np.zeros((2, 3), np.float32)}
    return Checkpoint(arrays, {"classes": ["猫", "dog"], "best": 0.1 + 0.2})


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
    (no_json, "holds weights only"),
    (newer, r"written by a newer ppmobile \(9.0\); update this one"),
])
def test_other_files_are_refused_in_one_line(tmp_path, write, message):
    path = tmp_path / "x.safetensors"
    write(path)
    with pytest.raises(CheckpointError, match=message) as error:
        load(path)
    assert "\n" not in str(error.value) and "x.safetensors" in str(error.value)


def test_weights_of_another_model_leave_this_one_untouched():
    model = paddle.nn.Linear(3, 2)
    before = model.weight.numpy().copy()
    state = {k: v.numpy() + 1 for k, v in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=r"f: belongs to another model: 1 of 2 arrays are missing \(first: bias"):
        load_weights(model, {"weight": state["weight"]}, "f")
    with pytest.raises(CheckpointError, match=r"weight has shape \[3, 5\], this model needs \[3, 2\]"):
        load_weights(model, {**state, "weight": np.zeros((3, 5))}, "f")
    assert np.array_equal(model.weight.numpy(), before)
    load_weights(model, state, "f")
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
