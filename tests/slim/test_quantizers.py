"""Surgery on the quantized graph of the tiny net, and the gates of nets that have some."""

import numpy as np
import pytest

from ppmobile.export.program import load_graph, save_graph
from ppmobile.slim.quantizers import INPUTS, gates, keep_only, layers, scales, set_scales
from ppmobile.slim.rank import answers


def outputs(graph, images):
    """(N, C) that a graph answers."""
    return np.concatenate(answers(graph, images, lambda outputs: outputs[0]))


def count(graph, kind):
    """How many operators of a kind a graph has."""
    return sum(op.type == kind for op in graph.ops)


def written(name, folder, **options):
    """The graph of an untrained net at 64 px, where no map but a pooled one is 1x1."""
    from ppmobile.export.paddle_graph import deployed, write_graph
    from ppmobile.models.build import build_model

    net = build_model({"backbone": {"name": name, **options}}, "classify", 3)
    write_graph(deployed(net), [1, 3, 64, 64], folder)
    return load_graph(folder)


def test_layers_are_convolutions_and_products_in_order(exported):
    found = layers(load_graph(exported))
    assert list(found)[0] == "backbone.stem.conv" and list(found)[-1] == "head.fc"
    assert {op.type for op in found.values()} == {"conv2d", "depthwise_conv2d", "matmul_v2"}


def test_paddleslim_quantizes_more_than_computes(exported, calibrated):
    fp32 = load_graph(exported)
    raw = load_graph(calibrated["abs_max"])
    clean = keep_only(load_graph(calibrated["abs_max"]), fp32, set(layers(fp32)))
    assert count(raw, "quantize_linear") > count(clean, "quantize_linear") == len(layers(fp32))
    read = {name for op in clean.ops if op.type in INPUTS for name in op.input_arg_names}
    assert all(op.output("Y")[0] in read for op in clean.ops if op.type == "dequantize_linear")


def test_the_quantizers_taken_out_computed_nothing(exported, calibrated, gathered):
    fp32, images = load_graph(exported), gathered[0].images[:2]
    clean = keep_only(load_graph(calibrated["abs_max"]), fp32, set(layers(fp32)))
    np.testing.assert_array_equal(outputs(clean, images), outputs(load_graph(calibrated["abs_max"]), images))


def test_with_no_layer_left_the_graph_is_fp32_again(exported, calibrated, gathered):
    fp32, images = load_graph(exported), gathered[0].images[:2]
    bare = keep_only(load_graph(calibrated["abs_max"]), fp32, set())
    assert not count(bare, "quantize_linear") + count(bare, "dequantize_linear")
    np.testing.assert_array_equal(outputs(bare, images), outputs(fp32, images))


def test_one_layer_alone_changes_the_answers_and_survives_saving(exported, calibrated, gathered, tmp_path):
    fp32, images = load_graph(exported), gathered[0].images[:2]
    alone = keep_only(load_graph(calibrated["abs_max"]), fp32, {"backbone.stem.conv"})
    save_graph(alone, tmp_path)
    again = load_graph(tmp_path)
    assert list(scales(again)) == ["backbone.stem.conv"]
    np.testing.assert_array_equal(outputs(again, images), outputs(alone, images))
    assert np.abs(outputs(again, images) - outputs(fp32, images)).max() > 0


def test_the_range_of_the_input_is_its_greatest_value(calibrated, gathered):
    # what abs_max means, for the layer whose input is known: the picture
    found = scales(load_graph(calibrated["abs_max"]))["backbone.stem.conv"]
    assert found == pytest.approx(float(np.abs(gathered[0].images).max()), rel=1e-5)


def test_set_scales_changes_these_alone(calibrated):
    graph = load_graph(calibrated["abs_max"])
    before = scales(graph)
    set_scales(graph, {"head.fc": 7.5, "not there": 1.0})
    assert scales(graph) == {**before, "head.fc": 7.5}


def test_the_first_layer_that_is_named_decides_on_a_shared_range(calibrated, share_input):
    graph = load_graph(calibrated["abs_max"])
    one, two = "backbone.stem.conv", "head.fc"
    share_input(graph, one, two)
    assert set_scales(graph, {two: 7.5, "not there": 1.0, one: 2.5}) == {two: two, one: two}
    assert scales(graph)[one] == scales(graph)[two] == 7.5


def test_gates_are_the_layers_of_squeeze_and_excitation(tmp_path):
    found = gates(written("MobileNetV3", tmp_path, scale=0.35, size="small"))
    assert found and all(".excite." in layer for layer in found)
    assert len(found) == 18  # MobileNetV3-small has nine such blocks of two layers (arXiv:1905.02244, table 2)


def test_a_net_without_gates_has_none(exported):
    assert gates(load_graph(exported)) == set()
