"""The search for the operator at fault finds it wherever it is, in few steps, also where a net branches."""

import math

import pytest

import ppmobile
from ppmobile.export.culprit import advice, culprit, describe
from ppmobile.export.paddle_graph import deployed, write_graph
from ppmobile.export.program import load_graph


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """The graph of a net with squeeze-and-excite branches and shortcuts."""
    folder = tmp_path_factory.mktemp("graph")
    net = ppmobile.build({"task": "classify", "model": {"backbone": {
        "name": "MobileNetV3", "scale": 0.35, "out_strides": [4, 8]}}}, 5)
    write_graph(deployed(net), [1, 3, 32, 32], folder)
    return load_graph(folder)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.77, 1.0])
def test_a_cut_holds_exactly_the_operators_before_it(graph, share):
    wanted, asked = max(2, round(share * len(graph.ops))), []

    def works(folder, names):
        cut = load_graph(folder)
        asked.append(len([op for op in cut.ops if not op.output_arg_names[0].startswith("save_infer_model")]))
        return asked[-1] < wanted

    assert culprit(graph, works).output_arg_names == graph.ops[wanted - 1].output_arg_names
    assert len(asked) <= math.ceil(math.log2(len(graph.ops)))


def test_an_operator_is_found_by_its_type(plant):
    graph = load_graph(plant("relu6"))
    op = culprit(graph, lambda folder, names: all(op.type != "relu6" for op in load_graph(folder).ops))
    assert describe(op) == "backbone.mixer (relu6)" and advice(op) == "write it with paddle.clip(x, 0, 6)"


def test_what_belongs_to_no_layer_and_has_no_known_cure(graph):
    assert describe(graph.ops[-1]) == "the end of the graph (softmax)"
    assert "leave the target out" in advice(graph.ops[-1])
