"""int8/model.onnx by ONNX Runtime's own static quantization, since paddle2onnx cannot convert a quantized graph."""

import logging

import numpy as np

from ..errors import ExportError
from ..export.program import load_graph
from ..predict.quiet import quiet
from .quantizers import WEIGHTS, layers, scales
from .rank import PICTURES, least_inputs
from .targets import INT8, Target

OPERATORS = ["Conv", "ConvTranspose", "MatMul", "Gemm"]  # others would be rounded, too, around layers kept in float


class OnnxTarget(Target):
    """int8/model.onnx: quantizers around each operator, a scale for each output channel of the weights."""

    name = "onnx"
    cut = None

    def build(self, keep_float):
        """Quantize model.onnx anew with these layers in float."""
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

        nodes = self._nodes()
        logging.getLogger().setLevel(logging.ERROR)  # it advises at each call to do what was done
        (self.folder / INT8).mkdir(exist_ok=True)
        with quiet():
            quantize_static(
                self._folded(), self.folder / INT8 / "model.onnx", _reader(self.material.images),
                quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8, op_types_to_quantize=OPERATORS,
                nodes_to_exclude=[nodes[layer].name for layer in keep_float],
                extra_options={"TensorQuantOverrides": {
                    nodes[layer].input[0]: [{"rmin": np.float32(low), "rmax": np.float32(high)}]
                    for layer, (low, high) in self._ranges().items() if layer not in keep_float}})

    def _folded(self):
        """The path of model.onnx with batch norm folded, which quantizers around the convolution would prevent."""
        from onnxruntime.quantization.shape_inference import quant_pre_process

        path = self.material.work / "folded.onnx"
        if not path.is_file():
            quant_pre_process(self.folder / "model.onnx", path, skip_symbolic_shape=True)
        return path

    def _nodes(self):
        """{layer: its ONNX node}; their weights are called as in the Paddle graph."""
        import onnx

        model = onnx.load_model_from_string((self.folder / "model.onnx").read_bytes())
        nodes = {name: node for node in model.graph.node if node.op_type in OPERATORS for name in node.input}
        known = layers(load_graph(self.folder))
        weights = {layer: op.input(WEIGHTS.get(op.type, "Y"))[0] for layer, op in known.items()}
        lost = [layer for layer, weight in weights.items() if weight not in nodes]
        if lost:
            raise ExportError(f"model.onnx: {lost[0]} is not found there; leave onnx out of --for")
        return {layer: nodes[weight] for layer, weight in weights.items()}

    def _ranges(self):
        """{layer: (least, greatest) value of its input} as PaddleSlim's algorithms cut them."""
        if self.cut is None:
            least = least_inputs(load_graph(self.folder), self.material.images[:PICTURES])
            found = scales(load_graph(self.material.quantized))
            self.cut = {layer: (max(least[layer], -high), high) for layer, high in found.items()}
        return self.cut


def _reader(images):
    """The pictures one by one, as ONNX Runtime's calibration takes them."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):
        """Gives each picture once."""

        def __init__(self):
            self.rest = iter(images)

        def get_next(self):
            image = next(self.rest, None)
            return None if image is None else {"image": image[None]}

    return Reader()
