"""`ppmobile zoo` on local files: the list, the offline message, and conversions that Paddle itself reads."""

import numpy as np
import paddle
import pytest

import ppmobile
from ppmobile.arrays import read_arrays
from ppmobile.cli import main
from ppmobile.config import load
from ppmobile.engine.run import restore, train


def test_the_list_marks_what_is_here(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("PPMOBILE_HOME", str(tmp_path))
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "PPLCNet_x0_5_ssld_pretrained.pdparams").write_bytes(b"x")
    assert main(["zoo", "list"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "imagenet, ssld*" in lines["PPLCNet_x0_5"] and "*" not in lines["PPLCNet_x1_0"]


def test_an_unknown_model_gets_a_suggestion(capsys):
    assert main(["zoo", "fetch", "PPLCNet_x10"]) == 2
    assert "Did you mean 'PPLCNet_x1_0'?" in capsys.readouterr().err


def test_a_run_becomes_official_weights_that_paddle_reads(tiny, tmp_path):
    train(load(tiny))
    target = tmp_path / "weights.pdparams"
    assert main(["zoo", "convert", str(tmp_path / "run"), str(target)]) == 0
    model, config, *_ = restore(tmp_path / "run")
    loaded = paddle.load(str(target))
    assert set(ppmobile.zoo.official_keys(model)) == set(loaded)
    other = ppmobile.build({"task": "classify", "model": tiny["model"]}, 3)
    report = ppmobile.zoo.load_official(other, loaded)
    assert not report.missing and not report.unexpected and not report.reinitialised
    x = paddle.rand([1, 3, 16, 16])
    other.eval()
    assert np.array_equal(other(x).numpy(), model(x).numpy())


@pytest.mark.parametrize("suffix", ["npz", "safetensors", "pdparams"])
def test_formats_convert_without_loss(tmp_path, suffix):
    arrays = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(2, np.float16)}
    np.savez(tmp_path / "w.npz", **arrays)
    assert main(["zoo", "convert", str(tmp_path / "w.npz"), str(tmp_path / f"v.{suffix}")]) == 0
    back = read_arrays(tmp_path / f"v.{suffix}")
    assert all(np.array_equal(back[k], v) and back[k].dtype == v.dtype for k, v in arrays.items())


def test_a_missing_source_is_no_kind_of_weights(tmp_path, capsys):
    assert main(["zoo", "convert", "runs/nosuch", str(tmp_path / "x.pdparams")]) == 2
    assert "CheckpointError: runs/nosuch: no such run or file of weights; give " in capsys.readouterr().err
