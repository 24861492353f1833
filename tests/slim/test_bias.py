"""Bias correction: the mean that rounding moves is moved back."""

import numpy as np
import pytest

from ppmobile.export.program import load_graph, run_graph
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
