"""Quantizers put into exported graphs: the graph computes what the training simulated."""

from types import SimpleNamespace

import numpy as np
import paddle
import pytest
from paddle import nn

import ppmobile
from ppmobile.errors import ConfigError
from ppmobile.export.paddle_graph import deployed, write_graph
from ppmobile.export.program import load_graph, run_graph, save_graph
from ppmobile.slim.qat import choose as choosing
from ppmobile.slim.qat.graph import branch, owners, quantize_graph
from ppmobile.slim.qat.layers import ranges, wrap
from ppmobile.slim.quantizers import keep_only, layers, scales

IMAGES = np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32)


class Shared(nn.Layer):
    """Two branches that read one tensor, and a layer that reads both of them: their inputs need two ranges."""

    def __init__(self):
        super().__init__()
        self.left, self.right, self.both = (nn.Conv2D(3, 3, 1) for _ in range(3))
        self.last = nn.Conv2D(3, 3, 1)
        self.head = SimpleNamespace(deployed=lambda outputs: outputs)

    def forward(self, x):
        """(N, 3, H, W) in and out."""
        left, right = nn.functional.relu(self.left(x)), nn.functional.sigmoid(self.right(x))
        return self.both(left) + self.both(right) + self.last(left)


def written(net, folder, size=32):
    """The fp32 Graph of a net."""
    write_graph(deployed(net), [1, 3, size, size], folder)
    return load_graph(folder)


def model(name="MobileNetV1", **options):
    """A net of three classes in evaluation mode."""
    paddle.seed(0)
    net = ppmobile.build({"task": "classify", "model": {"backbone": {"name": name, **options}}}, 3)
    net.eval()
    return net


@pytest.mark.parametrize("name, options", [("MobileNetV1", {"scale": 0.25, "out_strides": [2, 4]}),
                                           ("MobileNetV3", {"scale": 0.35, "out_strides": [4]})])
def test_the_graph_answers_as_the_training_simulates(tmp_path, name, options):
    net = model(name, **options)
    chosen = choosing.choose(net, IMAGES, [])
    graph = written(net, tmp_path)
    wrap(net, {"ranges": chosen, "pact": False, "moving_rate": 0.9})
    for layer in net.sublayers():
        layer.training = not isinstance(layer, (nn.BatchNorm2D, nn.Dropout))
    with paddle.no_grad():
        net(paddle.to_tensor(IMAGES))
        net.eval()
        want = net.head.deployed(net(paddle.to_tensor(IMAGES[:1]))).numpy()
    save_graph(quantize_graph(graph, ranges(net)), tmp_path / "int8")
    again = load_graph(tmp_path / "int8")
    np.testing.assert_allclose(run_graph(again, IMAGES[:1])[again.outputs[0]], want, atol=1e-6)
    assert scales(again) == pytest.approx(ranges(net)) and list(chosen) == list(layers(load_graph(tmp_path)))
    plain = keep_only(load_graph(tmp_path / "int8"), load_graph(tmp_path), set())
    np.testing.assert_array_equal(run_graph(plain, IMAGES[:1])[plain.outputs[0]],
                                  run_graph(load_graph(tmp_path), IMAGES[:1])[graph.outputs[0]])


def test_a_tensor_and_a_layer_have_one_range(tmp_path):
    graph = written(Shared(), tmp_path)
    assert owners(graph) == {"left": "left", "right": "left", "both": "both", "last": "both"}
    quantize_graph(graph, dict.fromkeys(owners(graph), 2.0))
    kinds = [op.type for op in graph.ops]
    assert kinds.count("quantize_linear") == 3  # the picture, left, right
    assert kinds.count("dequantize_linear") == 3 + 4  # and four weights, one of them read twice


def test_the_first_chosen_layer_owns_the_range():
    owner = {"a": "a", "b": "a", "c": "c", "d": "a"}
    assert choosing.shared(owner, ["b", "c", "d"]) == {"b": "b", "c": "c", "d": "b"}


def test_a_layer_and_its_like_in_int8_read_the_same(tmp_path):
    net = model(scale=0.25, out_strides=[2, 4])
    graph = written(net, tmp_path)
    copies = branch(graph, {"backbone.stem.conv": 4.0})
    out = layers(graph)["backbone.stem.conv"].output_arg_names[0]
    found = run_graph(graph, IMAGES[:1], [out, copies["backbone.stem.conv"], graph.outputs[0]])
    error = np.abs(found[out] - found[copies["backbone.stem.conv"]]).max()
    assert 0 < error < 0.05 * np.abs(found[out]).max()
    plain = run_graph(load_graph(tmp_path), IMAGES[:1])
    np.testing.assert_array_equal(found[graph.outputs[0]], plain[graph.outputs[0]])


def test_words_choose_what_stays_in_float():
    net = model("MobileNetV3", scale=0.35, out_strides=[8])
    images = np.zeros((1, 3, 32, 32), np.float32)
    everything = choosing.choose(net, images, [])
    left = choosing.choose(net, images, ["gates", "first", "head"])
    gone = set(everything) - set(left)
    assert "backbone.stem.conv" in gone and "head.fc" in gone
    assert {name for name in gone if ".excite." in name} == {name for name in everything if ".excite." in name}


def test_auto_keeps_the_noisy_in_float(monkeypatch):
    net = model(scale=0.25, out_strides=[2, 4])
    monkeypatch.setattr(choosing, "worst", lambda folder, images: ["head.fc"])
    assert set(choosing.choose(net, IMAGES, [])) - set(choosing.choose(net, IMAGES, ["auto"])) == {"head.fc"}


@pytest.mark.parametrize("patterns, said", [
    (["backbone.stemm"], "keep_float backbone.stemm: no layer .* Did you mean 'backbone.stem.conv'"),
    (["*"], r"keep_float: \* leaves no layer for int8")])
def test_a_wrong_pattern_is_told_and_changes_nothing(patterns, said):
    net = model(scale=0.25, out_strides=[2, 4])
    keys = list(net.state_dict())
    with pytest.raises(ConfigError, match=said):
        choosing.choose(net, IMAGES, patterns)
    assert list(net.state_dict()) == keys and paddle.in_dynamic_mode()
