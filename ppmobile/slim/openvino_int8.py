"""int8/openvino.xml by nncf, since OpenVINO cannot read Paddle's quantized graphs."""

import logging
import sys

from ..export.program import MODEL, load_graph
from ..predict.quiet import quiet
from .quantizers import layers
from .targets import INT8, Target


class OpenVinoTarget(Target):
    """int8/openvino.xml and .bin, quantized from the fp32 Paddle graph as OpenVINO reads it."""

    name = "openvino"

    def build(self, keep_float):
        """Quantize the model anew with these layers in float."""
        import openvino

        nncf = _nncf()
        known = layers(load_graph(self.folder))
        # OpenVINO calls an operator by the variable that it computes
        ignored = nncf.IgnoredScope(names=[known[layer].output_arg_names[0] for layer in known if layer in keep_float])
        model = openvino.Core().read_model(str(self.folder / MODEL))
        images = self.material.images
        with quiet():
            quantized = nncf.quantize(model, nncf.Dataset([image[None] for image in images]), subset_size=len(images),
                                      ignored_scope=ignored)
            (self.folder / INT8).mkdir(exist_ok=True)
            openvino.save_model(quantized, str(self.folder / INT8 / "openvino.xml"), compress_to_fp16=False)


def _nncf():
    """The package, without the usage statistics that it would send, and without its progress on the terminal."""
    before = sys.modules.get("openvino_telemetry")
    sys.modules["openvino_telemetry"] = None  # nncf does without it where it cannot be imported
    try:
        with quiet():
            import nncf
    finally:
        sys.modules.pop("openvino_telemetry")
        if before is not None:
            sys.modules["openvino_telemetry"] = before
    nncf.set_log_level(logging.ERROR)
    return nncf
