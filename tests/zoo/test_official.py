"""Weights with official or own keys go into a model, and everything that does not match is said."""

from pathlib import Path

import numpy as np
import paddle
import pytest

from ppmobile import zoo
from ppmobile.arrays import write_arrays
from ppmobile.errors import CheckpointError, PPMobileError
from ppmobile.models import BACKBONES
from ppmobile.models.build import build_model

WEIGHTS = Path(__file__).resolve().parents[2].parent / "shared" / "weights"
SMALL = {"name": "PPLCNet", "scale": 0.25}
paddle.set_device("cpu")


def model(classes=4, backbone=SMALL):
    return build_model({"backbone": backbone}, "classify", classes)


def official_arrays(net, seed=0):
    """Random float32 arrays under the official keys of `net`."""
    rng, names = np.random.default_rng(seed), net.official_names()
    return {names[k]: rng.random(v.shape, dtype="float32") for k, v in net.state_dict().items()}


def values(net):
    return {key: tensor.numpy().copy() for key, tensor in net.state_dict().items()}


@pytest.mark.parametrize("suffix", [".npz", ".pdparams", ".safetensors"])
def test_complete_file(tmp_path, suffix):
    net = model()
    arrays = official_arrays(net)
    write_arrays(tmp_path / f"图片 é{suffix}", arrays)
    report = zoo.load_official(net, tmp_path / f"图片 é{suffix}")
    assert report.loaded == len(arrays) and not (report.missing or report.unexpected or report.reinitialised)
    loaded = values(net)
    assert all(np.array_equal(loaded[key], arrays[name]) for key, name in net.official_names().items())
    assert str(report).endswith(f"loaded {len(arrays)} of the model's {len(arrays)} arrays")


def test_keys_are_those_of_the_published_state_dict():
    # first and last keys of PaddleClas's PPLCNet
    keys = zoo.official_keys(model())
    assert keys[0] == "conv1.conv.weight" and keys[-3:] == ["last_conv.weight", "fc.weight", "fc.bias"]


def test_other_class_count_leaves_exactly_the_last_layer_fresh():
    net = model(classes=3)
    before, arrays = values(net), official_arrays(model(classes=1000))
    report = zoo.load_official(net, arrays)
    assert report.reinitialised == ["fc.weight", "fc.bias"] and report.classes == (1000, 3)
    assert "fc.weight, fc.bias start fresh (1000 classes in the file, 3 in the model)" in str(report)
    after, names = values(net), net.official_names()
    for key, name in names.items():
        assert np.array_equal(after[key], before[key] if name.startswith("fc.") else arrays[name])


def test_missing_and_unexpected_are_listed():
    net = model()
    arrays = official_arrays(net)
    del arrays["fc.weight"], arrays["fc.bias"], arrays["conv1.bn.bias"]
    arrays["extra.weight"] = np.ones(2, "float32")
    report = zoo.load_official(net, arrays)
    assert report.missing == ["conv1.bn.bias", "fc.weight", "fc.bias"] and report.unexpected == ["extra.weight"]
    assert "not in the file, start fresh: conv1.bn.bias, fc.weight, fc.bias" in str(report)
    assert "in the file, not used: extra.weight" in str(report)


def test_half_floats_become_float32():
    net = model()
    arrays = official_arrays(net)
    first = np.float32(arrays["conv1.conv.weight"])
    arrays["conv1.conv.weight"] = first.astype("float16")
    arrays["conv1.bn.weight"] = (np.full(8, 1.5, "float32").view("uint32") >> 16).astype("uint16")  # bfloat16
    zoo.load_official(net, arrays)
    ours = {official: key for key, official in net.official_names().items()}
    state = net.state_dict()
    assert np.array_equal(state[ours["conv1.conv.weight"]].numpy(), first.astype("float16").astype("float32"))
    assert state[ours["conv1.bn.weight"]].numpy().tolist() == [1.5] * 8
    assert all(tensor.dtype == paddle.float32 for tensor in state.values())


def test_bare_backbone_takes_official_keys_and_leaves_the_head():
    net = BACKBONES.build({**SMALL, "out_strides": [8, 16]})
    report = zoo.load_official(net, official_arrays(model()))
    assert not report.missing and report.loaded == len(net.state_dict())
    assert {"fc.weight", "fc.bias", "last_conv.weight"} < set(report.unexpected)


@pytest.mark.parametrize("prefix", ["", "model/"])
def test_own_keys_of_a_checkpoint(prefix):
    source, net = model(), model()
    arrays = {prefix + key: value for key, value in values(source).items()}
    report = zoo.load_official(net, {**arrays, **({"optimizer/lr": np.ones(1)} if prefix else {})})
    assert report.loaded == len(arrays) and not (report.missing or report.unexpected)
    assert all(np.array_equal(value, values(source)[key]) for key, value in values(net).items())


def test_averaged_weights_of_a_checkpoint_come_first():
    net, arrays = model(), values(model())
    trained = {f"model/{key}": value for key, value in arrays.items()}
    averaged = {f"hook/Ema/{key}": value + 1 for key, value in arrays.items()}
    zoo.load_official(net, {**trained, **averaged})
    assert np.array_equal(values(net)["head.fc.bias"], arrays["head.fc.bias"] + 1)


def test_own_checkpoint_of_a_model_into_a_bare_backbone():
    net = BACKBONES.build(SMALL)
    report = zoo.load_official(net, values(model()))
    assert not report.missing and all(key.startswith("head.") for key in report.unexpected)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"name": "PPLCNet", "scale": 0.5}, r"pw_conv.conv.weight is \[8, 8, 1, 1\] in the file and \[16, 8, 1, 1\]"),
        ({"name": "ResNetVd", "depth": 18}, r"the first is stem.0.conv.weight \[32, 3, 3, 3\].*begins with conv1.conv"),
        ({"name": "MobileNetV1", "scale": 0.25}, r"belongs to another model"),
    ],
)
def test_weights_of_another_model_change_nothing(other, words):
    net = model(backbone=other)
    before = values(net)
    with pytest.raises(CheckpointError, match=words) as caught:
        zoo.load_official(net, official_arrays(model()))
    assert "\n" not in str(caught.value)
    assert all(np.array_equal(value, before[key]) for key, value in values(net).items())


def test_wider_class_layer_input_is_another_model():
    net, arrays = model(), official_arrays(model())
    arrays["fc.weight"] = np.ones((640, 4), "float32")
    with pytest.raises(CheckpointError, match=r"fc.weight is \[640, 4\] in the file and \[1280, 4\]"):
        zoo.load_official(net, arrays)


def test_real_weights_without_and_with_a_head():
    if not WEIGHTS.is_dir():
        pytest.skip("needs ../shared")
    net = model(classes=3, backbone={"name": "MobileNetV2", "scale": 1.0})
    report = zoo.load_official(net, WEIGHTS / "mobilenet_v2_x1_0_imagenet_backbone.npz")
    assert report.missing == ["out.weight", "out.bias"] and not report.unexpected and not report.reinitialised
    net = model(classes=5, backbone={"name": "MobileNetV3", "size": "small", "scale": 1.0})
    report = zoo.load_official(net, WEIGHTS / "mobilenet_v3_small_x1_0_imagenet.npz")
    assert not report.missing and not report.unexpected and report.classes == (1000, 5)


@pytest.mark.parametrize("source, words", [({}, "the given arrays: there are none"), (3, "not from 3")])
def test_no_arrays_are_a_checkpoint_error(source, words):
    with pytest.raises(CheckpointError, match=words):
        zoo.load_official(model(), source)


@pytest.mark.parametrize("work", [
    lambda: zoo.official_keys("x"), lambda: zoo.load_official(paddle.nn.Linear(1, 1), {"w": np.ones(1)})])
def test_what_is_no_model_of_ours_is_told_what_one_is(work):
    with pytest.raises(PPMobileError, match="expected a net that ppmobile.build returns.*, got ('x'|a Linear); for"):
        work()
