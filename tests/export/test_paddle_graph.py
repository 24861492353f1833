"""The traced graph: the same numbers, softmax inside, layer paths on its operators, and the model left as it was."""

import numpy as np
import paddle
import pytest

import ppmobile
from ppmobile.errors import ExportError
from ppmobile.export import program
from ppmobile.export.paddle_graph import deployed, write_graph, write_new_graph

IMAGE = np.random.default_rng(3).normal(size=(1, 3, 32, 32)).astype(np.float32)


def net_of(**backbone):
    return ppmobile.build({"task": "classify", "model": {"backbone": backbone}}, 5)


@pytest.fixture(scope="module")
def branched():
    """A net whose training branches fuse, and that has squeeze-and-excite: 32 px through two strides."""
    net = net_of(name="PPLCNetV2", size="small", out_strides=[4, 8])
    net.eval()
    return net


@pytest.fixture(scope="module")
def written(branched, tmp_path_factory):
    """(folder, Deployed net) of the graph of `branched`."""
    folder, net = tmp_path_factory.mktemp("图 graph"), deployed(branched)
    write_graph(net, [1, 3, 32, 32], folder)
    return folder, net


def probabilities(net):
    with paddle.no_grad():
        return paddle.nn.functional.softmax(net(paddle.to_tensor(IMAGE))).numpy()


def test_the_graph_gives_the_probabilities_of_the_net(branched, written):
    graph = program.load_graph(written[0])
    answer = program.run_graph(graph, IMAGE)[graph.outputs[0]]
    assert graph.inputs == ["image"] and answer.shape == (1, 5)
    np.testing.assert_allclose(answer, probabilities(branched), rtol=1e-5)


def test_only_the_two_files_and_no_pickle_are_left(written):
    assert sorted(path.name for path in written[0].iterdir()) == ["inference.pdiparams", "inference.pdmodel"]


def test_the_model_itself_is_neither_fused_nor_left_traced(branched, written):
    assert not any(getattr(layer, "is_fused", False) for layer in branched.sublayers())
    assert paddle.in_dynamic_mode() and not paddle.base.framework.in_pir_mode()
    np.testing.assert_allclose(written[1](paddle.to_tensor(IMAGE)).numpy(), probabilities(branched), rtol=1e-5)


def test_every_operator_of_a_layer_carries_its_path(written):
    graph, (_, net) = program.load_graph(written[0]), written
    paths = {path for path, _ in net.model.named_sublayers()}
    found = [program.layer_path(op) for op in graph.ops]
    assert found[0] == "backbone.stem.conv" and found[-1] == "" and graph.ops[-1].type == "softmax"
    assert set(found) - {""} <= paths


def test_layer_outputs_are_what_the_layers_give(written):
    graph, (_, net) = program.load_graph(written[0]), written
    outputs, seen = program.layer_outputs(graph), {}
    leaves = [(path, layer) for path, layer in net.model.named_sublayers() if not layer.sublayers() and path in outputs]
    hooks = [layer.register_forward_post_hook(lambda layer, x, y, path=path: seen.__setitem__(path, y.numpy()))
             for path, layer in leaves]
    net(paddle.to_tensor(IMAGE))
    for hook in hooks:
        hook.remove()
    values = program.run_graph(graph, IMAGE, [outputs[path] for path, _ in leaves])
    assert len(leaves) > 30
    for path, _ in leaves:
        np.testing.assert_allclose(values[outputs[path]], seen[path], rtol=1e-4, atol=1e-6, err_msg=path)


def test_a_graph_cut_short_answers_with_the_inner_variable(written, tmp_path):
    graph = program.load_graph(written[0])
    name = program.layer_outputs(graph)["backbone.blocks.1.pointwise.bn"]
    program.save_graph(graph, tmp_path / "cut", [name])
    cut = program.load_graph(tmp_path / "cut")
    assert 2 < len(cut.ops) < len(graph.ops)
    np.testing.assert_array_equal(program.run_graph(cut, IMAGE)[cut.outputs[0]],
                                  program.run_graph(graph, IMAGE, [name])[name])


def test_dynamic_batch_and_size(tmp_path):
    net = deployed(net_of(name="MobileNetV1", scale=0.25, out_strides=[2, 4]))
    write_graph(net, [-1, 3, -1, -1], tmp_path)
    graph = program.load_graph(tmp_path)
    for shape in ((1, 3, 16, 16), (3, 3, 24, 20)):
        image = np.ones(shape, np.float32)
        answer = program.run_graph(graph, image)[graph.outputs[0]]
        np.testing.assert_allclose(answer, net(paddle.to_tensor(image)).numpy(), rtol=1e-5)


def test_the_new_ir(branched, written, tmp_path):
    write_new_graph(written[1], [1, 3, 32, 32], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inference.json", "inference.pdiparams"]
    loaded = paddle.jit.load(str(tmp_path / "inference"))
    np.testing.assert_allclose(loaded(paddle.to_tensor(IMAGE)).numpy(), probabilities(branched), rtol=1e-5)


def test_a_net_that_cannot_be_traced_is_told_in_one_line(tmp_path):
    net = deployed(net_of(name="MobileNetV1", scale=0.25, out_strides=[2, 4]))
    net.forward = lambda image: net.model(paddle.to_tensor(image.numpy()))  # the value of a tensor while tracing
    with pytest.raises(ExportError, match="the net cannot be traced to a graph: .*must not depend on the values"):
        write_graph(net, [1, 3, 16, 16], tmp_path)
    assert paddle.in_dynamic_mode()


def test_files_that_are_no_graph_are_refused_in_one_line(written, tmp_path):
    with pytest.raises(ExportError, match="cannot be read as a Paddle graph"):
        program.load_graph(tmp_path)
    for name in ("inference.pdmodel", "inference.pdiparams"):
        (tmp_path / name).write_bytes((written[0] / name).read_bytes()[:100])
    with pytest.raises(ExportError, match="cannot be read as a Paddle graph"):
        program.load_graph(tmp_path)
    assert paddle.in_dynamic_mode()
