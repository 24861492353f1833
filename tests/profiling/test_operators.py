"""Operators of exported graphs: their MACs and parameters are those that hooks count on the net itself."""

import pytest

import ppmobile
from ppmobile.export.paddle_graph import deployed, write_graph
from ppmobile.export.program import load_graph
from ppmobile.profiling.macs import count
from ppmobile.profiling.operators import Operator, operators, totals

BACKBONES = [
    {"name": "MobileNetV1", "scale": 0.25},
    {"name": "MobileNetV3", "size": "small", "scale": 0.35},
    {"name": "PPLCNet", "scale": 0.25},
]


def graph_of(backbone, folder, shape):
    """(Graph, the deployed net) of a classifier of five classes."""
    net = deployed(ppmobile.build({"task": "classify", "model": {"backbone": backbone}}, 5))
    write_graph(net, shape, folder)
    return load_graph(folder), net


@pytest.mark.parametrize("backbone", BACKBONES, ids=lambda part: part["name"])
def test_macs_and_parameters_are_those_of_the_net(backbone, tmp_path):
    graph, net = graph_of(backbone, tmp_path, [1, 3, 32, 32])
    found, expected = totals(operators(graph, (1, 3, 32, 32))), count(net.model, (1, 3, 32, 32))
    assert sum(macs for macs, _ in found.values()) == expected.macs
    assert sum(params for _, params in found.values()) == expected.params
    assert sorted(found.values()) == sorted((row.macs, row.params) for row in expected.layers)


def test_paths_are_those_of_the_layers(tmp_path):
    graph, net = graph_of(BACKBONES[0], tmp_path, [1, 3, 32, 32])
    found = totals(operators(graph, (1, 3, 32, 32)))
    rows = {row.path: (row.macs, row.params) for row in count(net.model, (1, 3, 32, 32)).layers}
    # the scopes of a second graph in one process may carry a number behind their first name
    assert {path.split(".", 1)[1]: cost for path, cost in found.items()} == {
        path.split(".", 1)[1]: cost for path, cost in rows.items()}


def test_open_sizes_are_found_by_a_run(tmp_path):
    fixed, net = graph_of(BACKBONES[2], tmp_path / "fixed", [1, 3, 32, 32])
    write_graph(net, [-1, 3, -1, -1], tmp_path / "open")
    wide = operators(load_graph(tmp_path / "open"), (2, 3, 32, 64))
    assert sum(op.macs for op in wide) == count(net.model, (1, 3, 32, 64)).macs  # of one picture, not of the batch


def test_kinds_groups_and_keys(tmp_path):
    graph, _ = graph_of(BACKBONES[1], tmp_path, [1, 3, 32, 32])
    ops = operators(graph, (1, 3, 32, 32))
    stem = next(op for op in ops if op.macs)
    assert isinstance(stem, Operator) and stem.kind == "convolution 3x3" and stem.group == "convolution"
    assert stem.key == ("convolution", 1, 3, 8, 32, 16, 3)  # groups, in, out, height before and after, kernel
    assert stem.macs == 16 * 16 * 8 * 3 * 9 and stem.params == 8 * 3 * 9
    kinds = {op.kind: op.group for op in ops if op.macs}
    assert kinds["depthwise 5x5"] == "depthwise" and kinds["linear"] == "linear"
    assert any(op.group == "squeeze-and-excite" and op.kind == "mul" for op in ops)
    assert {op.group for op in ops if op.macs and ".excite." in op.path} == {"squeeze-and-excite"}
