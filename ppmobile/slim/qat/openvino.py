"""int8/openvino.xml with the ranges of training, where post-training quantization lets nncf find its own."""

import numpy as np

from ...export.program import MODEL, load_graph
from ...predict.quiet import quiet
from ...untracked import import_openvino
from ..quantizers import layer_name
from ..targets import INT8, Target
from .graph import readers
from .rounding import LEVELS, SMALLEST


class TrainedOpenVino(Target):
    """FakeQuantize at input and weight of each layer; OpenVINO makes int8 of them when it loads the model."""

    name, files = "openvino", ("int8/openvino.xml", "int8/openvino.bin")

    def __init__(self, material, limits):
        super().__init__(material)
        self.limits = limits  # {layer path: range of its input}

    def build(self, keep_float):
        """Write the model as OpenVINO reads the Paddle graph, with quantizers."""
        with quiet():
            openvino = import_openvino()
            model = openvino.Core().read_model(str(self.folder / MODEL))
            folding = openvino.passes.Manager()
            folding.register_pass(openvino.passes.ConstantFolding())  # a depthwise weight comes through a Reshape
            folding.run_passes(model)
            self._quantize(model, keep_float)
            (self.folder / INT8).mkdir(exist_ok=True)
            openvino.save_model(model, str(self.folder / INT8 / "openvino.xml"), compress_to_fp16=False)

    def _quantize(self, model, keep_float):
        """Insert the quantizers; OpenVINO calls an operator by the variable that it computes."""
        by_name, done = {op.get_friendly_name(): op for op in model.get_ops()}, {}
        for layer, known in readers(load_graph(self.folder)):
            if layer in keep_float:
                continue
            op = by_name[known.output_arg_names[0]]
            source = op.input(0).get_source_output()
            key = source.get_node().get_friendly_name(), source.get_index()
            if key not in done:  # one for all readers of a tensor
                done[key] = fake_quantize(source, np.float32(self.limits[layer_name(known)]), 256)
            op.input(0).replace_source_output(done[key].output(0))
            weight = op.input(1).get_source_output()
            op.input(1).replace_source_output(fake_quantize(weight, channel_ranges(weight, op), 255).output(0))


def fake_quantize(source, limit, levels):
    """OpenVINO's FakeQuantize of an output: int8 steps up to `limit`, from -127 (255 levels) or -128 steps (256)."""
    from openvino import opset8

    low = -limit if levels == 255 else -limit * np.float32((LEVELS + 1) / LEVELS)
    return opset8.fake_quantize(source, low, limit, low, limit, levels)


def channel_ranges(weight, op):
    """The range of each output channel of an operator's constant weight, in a shape that spreads over the weight."""
    values, kind = weight.get_node().get_data(), op.get_type_name()
    # (out, in, ...), (groups, out, in, ...), transposed (in, out, ...), products (in, out), or (out, in) if transposed
    axes = {"Convolution": (0,), "GroupConvolution": (0, 1), "ConvolutionBackpropData": (1,),
            "GroupConvolutionBackpropData": (0, 2)}.get(kind) or (values.ndim - 1,)
    if kind == "MatMul" and op.get_attributes()["transpose_b"]:
        axes = (values.ndim - 2,)
    others = tuple(i for i in range(values.ndim) if i not in axes)
    return np.maximum(np.abs(values).max(axis=others, keepdims=True), np.float32(SMALLEST))
