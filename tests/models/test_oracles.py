"""The nets against recordings of the official PaddleClas ones, in ../shared/oracles (skipped without it)."""

import json
from pathlib import Path

import numpy as np
import paddle
import pytest
from deterministic import blocky_image, tensor, white_noise

from ppmobile.models.build import build_model

ORACLES = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "clas"
CASES = {
    "PPLCNet_x0_25": {"name": "PPLCNet", "scale": 0.25},
    "PPLCNet_x1_0": {"name": "PPLCNet"},
    "PPLCNet_x2_5": {"name": "PPLCNet", "scale": 2.5},
    "PPLCNetV2_base": {"name": "PPLCNetV2"},
    "MobileNetV1": {"name": "MobileNetV1"},
    "MobileNetV1_x0_25": {"name": "MobileNetV1", "scale": 0.25},
    "MobileNetV2": {"name": "MobileNetV2"},
    "MobileNetV2_x0_5": {"name": "MobileNetV2", "scale": 0.5},
    "MobileNetV3_large_x1_0": {"name": "MobileNetV3", "size": "large"},
    "MobileNetV3_small_x1_0": {"name": "MobileNetV3", "size": "small"},
    "MobileNetV3_small_x0_5": {"name": "MobileNetV3", "size": "small", "scale": 0.5},
    "EfficientNetB0": {"name": "EfficientNetB0"},
    "ResNet34_vd": {"name": "ResNetVd", "depth": 34},
    "ResNet50_vd": {"name": "ResNetVd", "depth": 50},
    "ResNeSt50_fast_1s1x64d": {"name": "ResNeSt", "variant": "50_fast_1s1x64d"},
}


def relative_error(got, expected):
    """Largest difference, relative to the largest expected value."""
    return np.abs(got - expected).max() / np.abs(expected).max()


@pytest.mark.skipif(not ORACLES.is_dir(), reason="no ../shared/oracles beside the repository")
@pytest.mark.parametrize("name", CASES)
def test_equals_the_official_net(name):
    recorded = json.loads((ORACLES / f"{name}.json").read_text(encoding="utf-8"))
    model = build_model({"backbone": CASES[name]}, "classify", 1000)
    model.eval()
    state, names = model.state_dict(), model.official_names()
    ours = [[official, list(state[key].shape)] for key, official in names.items()]
    assert ours == [[key, shape] for key, shape, _ in recorded["state_dict"]]
    learnt = [key for key in names if not key.endswith(("._mean", "._variance"))]
    assert sum(state[key].size for key in learnt) == recorded["params"]
    for key, official in names.items():
        state[key].set_value(tensor(official, state[key].shape, recorded["gain"]))
    shape = recorded["input_shape"]
    images = {"logits": blocky_image(0, shape), "logits_noise": white_noise(0, shape)}
    with paddle.no_grad(), np.load(ORACLES / f"{name}.npz") as expected:
        for output, image in images.items():
            assert relative_error(model(paddle.to_tensor(image)).numpy(), expected[output]) < 1e-4, output
