"""Each int8 form of the tiny artefact: built, answered by its runtime, and near fp32."""

import sys

import numpy as np
import pytest

from ppmobile.artefact import seal
from ppmobile.errors import ConfigError
from ppmobile.export.program import load_graph
from ppmobile.lite_python import interpreter
from ppmobile.profiling import onednn
from ppmobile.slim.judge import log_error
from ppmobile.slim.quantizers import layers, scales
from ppmobile.slim.rank import answers
from ppmobile.slim.targets import LiteTarget, PaddleTarget, matching

STEM = "backbone.stem.conv"


@pytest.fixture
def images(gathered):
    """Pictures to answer for."""
    return gathered[1].images[:6]


def first(outputs):
    """The (C,) probabilities of a picture."""
    return outputs[0][0]


def near(got, folder, images):
    """int8 of an untrained tiny net is near fp32; a net with a lost layer is not (measured: 0.002 to 0.02)."""
    return log_error(got, answers(load_graph(folder), images, first)) < 0.1


def test_paddle_leaves_out_the_layers_in_float(material, images):
    made = PaddleTarget(material)
    made.build({STEM})
    found = scales(load_graph(made.folder / "int8"))
    assert STEM not in found and len(found) == len(layers(load_graph(made.folder))) - 1
    assert near(made.answers(images), made.folder, images)


def test_paddle_computes_as_the_simulation(material, images):
    made, simulated = PaddleTarget(material), LiteTarget(material)
    made.build(set())
    simulated.build(set())
    # oneDNN rounds inputs behind a ReLU to 256 steps, the simulation to 128: near, not equal
    assert log_error(made.answers(images), simulated.answers(images)) < 0.1


def test_paddle_computes_every_quantized_layer_in_int8(material):
    made = PaddleTarget(material)
    made.build(set())
    seal(made.folder, material.artefact.deploy)
    ran = [one for one in onednn.report(made.folder, "paddle-int8", runs=3)
           if one.kind in ("convolution", "inner_product", "matmul")]
    assert len(ran) == len(layers(load_graph(made.folder)))
    assert [one for one in ran if one.type not in ("s8", "u8")] == []


def test_building_again_replaces_the_files(material):
    made = PaddleTarget(material)
    for keep_float in (set(), {STEM}):
        made.build(keep_float)
        assert (STEM in scales(load_graph(made.folder / "int8"))) == (STEM not in keep_float)


def test_lite_computes_in_int8(material):
    try:
        interpreter()
    except Exception as error:
        pytest.skip(str(error))
    from ppmobile.export.lite import convert

    made = LiteTarget(material)
    made.build(set())
    (made.folder / "int8").mkdir()
    made.finish()
    convert(made.folder, made.folder / "model_arm.nb", "arm")
    int8, fp32 = ((made.folder / name).read_bytes() for name in ("int8/model_arm.nb", "model_arm.nb"))
    # an attribute that Paddle Lite gives to operators with int8 kernels; most of this tiny file is of a fixed size
    assert b"enable_int8" in int8 and b"enable_int8" not in fp32 and len(int8) < len(fp32)
    made.discard()
    assert not (made.folder / "int8/model_arm.nb").exists()


def test_onnx_quantizes_all_but_the_layers_in_float(material, images):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    pytest.importorskip("paddle2onnx")
    from ppmobile.export.onnx import convert
    from ppmobile.slim.onnx_int8 import OnnxTarget

    convert(material.artefact.folder, material.artefact.path("model.onnx"))
    made = OnnxTarget(material)
    made.build({STEM, "head.fc"})
    model = onnx.load_model_from_string(made.folder.joinpath("int8/model.onnx").read_bytes())
    makers = {name: node.op_type for node in model.graph.node for name in node.output}
    float_nodes = [node.op_type for node in model.graph.node if node.op_type in ("Conv", "Gemm", "MatMul")
                   and makers.get(node.input[1]) != "DequantizeLinear"]
    assert sorted(float_nodes) in (["Conv", "Gemm"], ["Conv", "MatMul"])
    assert near(made.answers(images), made.folder, images)


def test_openvino_quantizes_all_but_the_layers_in_float(material, images):
    openvino = pytest.importorskip("openvino")
    pytest.importorskip("nncf")
    from ppmobile.slim.openvino_int8 import OpenVinoTarget

    made = OpenVinoTarget(material)
    made.build({STEM})
    model = openvino.Core().read_model(made.folder / "int8/openvino.xml")
    kinds = [op.get_type_name() for op in model.get_ordered_ops()]
    assert kinds.count("FakeQuantize") == len(layers(load_graph(made.folder))) - 1  # one at each other layer's input
    assert all(op.input_value(0).get_node().get_type_name() != "Convolution" for op in model.get_ordered_ops()
               if op.get_type_name() == "FakeQuantize")  # none between convolution and batch norm
    assert near(made.answers(images), made.folder, images)
    assert sys.modules.get("openvino_telemetry", "not imported") is not None


def test_a_depthwise_weight_has_one_scale_a_channel_in_openvino(material):
    openvino = pytest.importorskip("openvino")
    pytest.importorskip("nncf")
    from ppmobile.slim.openvino_int8 import OpenVinoTarget

    made = OpenVinoTarget(material)
    made.build(set())
    for op in openvino.Core().read_model(made.folder / "int8/openvino.xml").get_ordered_ops():
        if op.get_type_name() == "GroupConvolution":
            weight = op.input_value(1).get_node()
            assert weight.get_type_name() == "Multiply"  # int8 values times their scales
            channels = op.input_value(1).get_shape()[0]
            assert np.prod(weight.input_value(1).get_shape()) == channels


NAMES = ["backbone.stem.conv", "backbone.blocks.1.depthwise.conv", "backbone.blocks.10.depthwise.conv", "head.fc"]


@pytest.mark.parametrize("pattern, meant", [
    ("head.fc", [3]), ("backbone.blocks.1", [1]), ("*.depthwise.*", [1, 2]), ("backbone", [0, 1, 2]),
    ("backbone.blocks.1?.depthwise.conv", [2])])
def test_patterns(pattern, meant):
    assert matching([pattern], NAMES) == [NAMES[i] for i in meant]


def test_a_pattern_for_nothing_names_the_nearest():
    with pytest.raises(ConfigError, match="--keep-float head.fd: .*Did you mean 'head.fc'"):
        matching(["head.fd"], NAMES)
    with pytest.raises(ConfigError, match="Known: backbone.stem.conv"):
        matching(["zzzzzzzz"], NAMES)
