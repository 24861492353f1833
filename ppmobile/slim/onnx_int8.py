"""int8/model.onnx by ONNX Runtime's own static quantization, since paddle2onnx cannot convert a quantized graph."""

import contextlib
import logging

import numpy as np

from ..errors import ExportError
from ..export.program import load_graph
from ..predict.quiet import quiet
from .quantizers import WEIGHTS, layers, scales
from .rank import least_inputs
from .targets import INT8, Target

OPERATORS = ["Conv", "ConvTranspose", "MatMul", "Gemm"]  # others would be rounded, too, around layers kept in float
# Their outputs are rounded, before the activation, since ONNX Runtime has no faster kernel otherwise: without
# (OpTypesToExcludeOutputQuantization) MobileNetV3-small gained 13 points of accuracy and took 2.9 times the time.
PICTURES = 12  # enough to see which inputs are never negative, and how far the others go


class OnnxTarget(Target):
    """int8/model.onnx: quantizers around each operator, a scale for each output channel of the weights."""

    name, files = "onnx", ("int8/model.onnx",)
    cut = None

    def build(self, keep_float):
        """Quantize model.onnx anew with these layers in float."""
        from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

        nodes = self._nodes()
        (self.folder / INT8).mkdir(exist_ok=True)
        with quiet(), _silent_log():
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
            with quiet():
                quant_pre_process(self.folder / "model.onnx", path, skip_symbolic_shape=True)
        return path

    def _nodes(self):
        """{layer: its node in the folded model}; weights end in the names that they have in the Paddle graph."""
        import onnx

        nodes = [node for node in onnx.load_model_from_string(self._folded().read_bytes()).graph.node
                 if node.op_type in OPERATORS]
        found = {}
        for layer, op in layers(load_graph(self.folder)).items():
            weight = op.input(WEIGHTS.get(op.type, "Y"))[0]
            own = [node for node in nodes if any(f"_{name}".endswith(f"_{weight}") for name in node.input)]
            if not own:
                raise ExportError(f"model.onnx: the weights of {layer} are not found there; leave onnx out of --for")
            found[layer] = own[0]
        return found

    def _ranges(self):
        """{layer: (least, greatest) value of its input} as PaddleSlim's algorithms cut them."""
        if self.cut is None:
            least = least_inputs(load_graph(self.folder), self.material.images[:PICTURES])
            found = scales(load_graph(self.material.quantized))
            self.cut = {layer: (max(least[layer], -high), high) for layer, high in found.items()}
        return self.cut


@contextlib.contextmanager
def _silent_log():
    """Inside, no warnings are logged: quantize_static advises at each call to do what has been done."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(before)


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
