"""Bias correction: the mean that rounding moves is moved back."""

from types import SimpleNamespace

import numpy as np
import pytest
from paddle import nn

from ppmobile.export.paddle_graph import deployed, write_graph
from ppmobile.export.program import load_graph, run_graph
from ppmobile.models.blocks import ConvBN
from ppmobile.slim.bias import correct, shifts
from ppmobile.slim.quantizers import layers
from ppmobile.slim.sqnr import simulate


def behind(graph, layer, image, names):
    """The channel means of what follows a layer: its batch norm, or the sum with its bias."""
    op = next(op for op in graph.ops if names[layer] in op.input_arg_names and op.type not in ("shape",))
    out = op.output("Y" if op.type == "batch_norm" else "Out")[0]
    value = run_graph(graph, image, [out])[out]
    return value.mean(axis=(0, 2, 3) if value.ndim == 4 else 0)


@pytest.mark.parametrize("layer", ["backbone.stem.conv"])
def test_the_mean_behind_a_layer_is_that_of_fp32_again(exported, gathered, layer):
    # the first layer, whose own shift is all there is
    images = gathered[0].images[:1]
    fp32, int8 = load_graph(exported), simulate(exported, images)
    names = {name: op.output_arg_names[0] for name, op in layers(fp32).items()}
    want, before = behind(fp32, layer, images, names), behind(int8, layer, images, names)
    assert correct(int8, shifts(exported, simulate(exported, images), images))[0] == layer
    after = behind(int8, layer, images, names)
    assert np.abs(after - want).max() < 1e-4 < np.abs(before - want).max()


def test_every_layer_here_can_be_corrected_and_no_other_is(exported, gathered):
    images = gathered[0].images[:1]
    amounts = shifts(exported, simulate(exported, images), images)
    names = list(layers(load_graph(exported)))
    assert correct(simulate(exported, images), amounts) == names
    assert correct(simulate(exported, images), {names[1]: amounts[names[1]]}) == names[1:2]
    assert correct(simulate(exported, images), {}) == []


class Maps(nn.Layer):
    """Two maps that one layer reads in turn, as a head does: its outputs have different means."""

    def __init__(self):
        super().__init__()
        self.left, self.right, self.both = (ConvBN(3, 3, 1) for _ in range(3))
        self.head = SimpleNamespace(deployed=list)

    def forward(self, x):
        """Two maps (N, 3, H, W)."""
        return [self.both(self.left(x)), self.both(nn.functional.sigmoid(self.right(x)))]


def test_a_layer_that_runs_several_times_keeps_its_one_bias(tmp_path):
    net, images = Maps(), np.random.default_rng(0).normal(size=(1, 3, 8, 8)).astype(np.float32)
    net.eval()
    write_graph(deployed(net), [1, *images.shape[1:]], tmp_path)
    int8 = simulate(tmp_path, images)
    amounts = shifts(tmp_path, simulate(tmp_path, images), images)
    assert set(amounts) == {"left.conv", "right.conv"}
    assert correct(int8, amounts) == ["left.conv", "right.conv"]
