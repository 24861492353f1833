"""A net is tried on its targets before training: it passes with small differences, or the layer at fault is named."""

import numpy as np
import pytest

from ppmobile.config import from_tree
from ppmobile.errors import ConfigError, ExportError
from ppmobile.export import trial
from ppmobile.lite_python import interpreter

NEEDS = {"onnx": ("paddle2onnx", "onnxruntime"), "openvino": ("openvino",), "paddle": (), "lite": ()}


def needs(target):
    for package in NEEDS[target]:
        pytest.importorskip(package)
    if target == "lite":
        try:
            interpreter()
        except ExportError as error:
            pytest.skip(str(error))


def config_of(tiny, **backbone):
    if backbone:
        tiny["model"] = {"backbone": {"name": "Planted", **backbone}}
    tiny["data"] = None
    return from_tree(tiny, {}, "tiny", "tiny.yml")


@pytest.mark.parametrize("target", trial.TARGETS)
def test_a_net_that_goes_everywhere(tiny, tmp_path, target):
    needs(target)
    image = trial.prepare(config_of(tiny), tmp_path)
    assert image.shape == (1, 3, 16, 16)  # what transforms.eval of the config says
    found = trial.attempt(target, tmp_path, image)
    assert found.problem == "" and 0 <= found.difference < 1e-4
    assert found.files and all(size > 1000 for size in found.files.values())
    assert str(found).startswith(f"{target}: ok: ") and "\n" not in str(found)


@pytest.mark.parametrize("target, operator, place", [
    ("lite", "shuffle", "model_arm.nb: Paddle Lite cannot convert backbone.mixer (channel_shuffle): "),
    ("lite", "gather", "backbone.mixer (gather): model_x86.nb: Paddle Lite cannot run it ("),  # but it converts
    ("lite", "square", "backbone.mixer (pow): it runs, but its answers are NaN or of another shape"),  # of negatives
    ("onnx", "shuffle", "model.onnx: paddle2onnx cannot convert backbone.mixer (channel_shuffle): "),
    ("openvino", "erfinv", "backbone.mixer (erfinv): openvino-fp32 cannot load the graph"),
])
def test_the_layer_at_fault_is_named(tiny, tmp_path, register_planted, target, operator, place):
    needs(target)
    image = trial.prepare(config_of(tiny, operator=operator), tmp_path)
    found = trial.attempt(target, tmp_path, image)
    assert found.problem.startswith(place) and str(tmp_path) not in found.problem and "\n" not in found.problem


def test_a_layer_that_computes_something_else_is_named(tiny, tmp_path, monkeypatch, register_planted):
    class Wrong:
        """A runtime whose relu takes the absolute value, from the graph itself."""

        def __init__(self, folder):
            self.graph = trial.load_graph(folder)

        def run(self, image):
            answers = trial.run_graph(self.graph, image).values()
            wrong = any(op.type == "relu" for op in self.graph.ops)
            return [np.abs(answer) + 0.1 * np.arange(answer.size).reshape(answer.shape) if wrong else answer
                    for answer in answers]

        def close(self):
            """Nothing to close."""

    monkeypatch.setattr(trial, "open_runtime", lambda name, artefact: Wrong(artefact.folder))
    image = trial.prepare(config_of(tiny, operator="relu"), tmp_path)
    found = trial.attempt("paddle", tmp_path, image)
    assert found.problem.startswith("backbone.mixer (relu): it runs, but its answers differ by ")


def test_the_untrained_net_is_made_sensitive(tiny, tmp_path):
    """Without it, the two answers of an untrained PP-LCNet differ by 1e-6 for any pictures."""
    tiny["model"] = {"backbone": {"name": "PPLCNet", "scale": 0.25}}
    tiny["transforms"]["eval"][0]["size"] = 32
    image = trial.prepare(config_of(tiny), tmp_path)
    graph = trial.load_graph(tmp_path)
    one, other = (trial.run_graph(graph, each)[graph.outputs[0]] for each in (image, image[..., ::-1].copy()))
    assert np.abs(one - other).max() > 1e-3


def test_differences_are_shares_of_the_range():
    assert trial.difference(np.array([1.0, 2.5]), np.array([1.0, 3.0])) == 0.25
    assert trial.difference(np.array([2.0]), np.array([4.0])) == 0.5  # of the value, where there is no range
    assert trial.difference(np.array([1.0, np.nan]), np.array([1.0, 3.0])) == np.inf
    assert trial.difference(np.zeros((1, 2)), np.zeros((2,))) == np.inf


def test_proposals_are_compared_without_their_order():
    rng = np.random.default_rng(0)
    outputs = [rng.uniform(0, 320, (1, 20, 3, 4)), rng.uniform(0, 1, (1, 20, 3))]
    assert trial.is_list(outputs) and not trial.is_list(outputs[::-1]) and not trial.is_list(outputs[:1])
    order = rng.permutation(20)
    shuffled = [part[:, order] for part in outputs]
    assert trial.unordered(shuffled, outputs) == 0
    assert trial.unordered([shuffled[0], shuffled[1] + 0.1], outputs) == pytest.approx(0.1, rel=0.1)  # scores reach 1
    assert trial.unordered([part * np.float32(np.nan) for part in outputs], outputs) == np.inf
    one_other = [np.concatenate([part[:, :1] * 0, part[:, 1:]], axis=1) for part in shuffled]
    assert trial.unordered(one_other, outputs) == 0  # rounding decides on the last of them
    assert trial.unordered([part * 0 for part in outputs], outputs) > 0.1


def test_preprocessing_that_makes_no_tensor_is_an_error(tiny, tmp_path):
    tiny["transforms"]["eval"] = [{"name": "Resize", "size": 16}]
    with pytest.raises(ConfigError, match=r"transforms.eval: gives uint8 of shape \[16, 16, 3\], .*Normalize"):
        trial.prepare(config_of(tiny), tmp_path)


def test_a_value_that_the_backbone_refuses_has_its_place(tiny, tmp_path):
    tiny["model"]["backbone"]["out_strides"] = [3]
    with pytest.raises(ConfigError, match=r"^model.backbone.*\(tiny.yml\)$"):
        trial.prepare(config_of(tiny), tmp_path)
