"""int8/openvino.xml by nncf, since OpenVINO cannot read Paddle's quantized graphs."""

import logging

from ..export.program import MODEL, load_graph
from ..predict.quiet import quiet
from ..untracked import import_nncf, import_openvino
from .quantizers import layers
from .targets import INT8, Target

# nncf would also round their inputs, which gains no time; between convolution and batch norm alone it took 19 points
# of MobileNetV3-small's accuracy. Subtract and Sqrt tell how large Faster R-CNN's proposals are: rounded, no box was
# left (mAP@0.5 0.0 % instead of 88.1 %).
NOT_ROUNDED = ["BatchNormInference", "Add", "Subtract", "Multiply", "Sqrt", "AvgPool", "MaxPool", "ReduceMean",
               "Concat", "HSwish", "Interpolate"]


class OpenVinoTarget(Target):
    """int8/openvino.xml and .bin, quantized from the fp32 Paddle graph as OpenVINO reads it."""

    name, files = "openvino", ("int8/openvino.xml", "int8/openvino.bin")

    def build(self, keep_float):
        """Quantize the model anew with these layers in float."""
        openvino, nncf = _packages()
        known = layers(load_graph(self.folder))
        # OpenVINO calls an operator by the variable that it computes
        ignored = nncf.IgnoredScope(names=[known[layer].output_arg_names[0] for layer in known if layer in keep_float],
                                    types=NOT_ROUNDED, validate=False)
        model = openvino.Core().read_model(str(self.folder / MODEL))
        # a depthwise weight comes through a Reshape, behind which nncf takes the kernel's columns for channels
        folding = openvino.passes.Manager()
        folding.register_pass(openvino.passes.ConstantFolding())
        folding.run_passes(model)
        images = self.material.images
        with quiet():
            quantized = nncf.quantize(model, nncf.Dataset([image[None] for image in images]), subset_size=len(images),
                                      ignored_scope=ignored)
            (self.folder / INT8).mkdir(exist_ok=True)
            openvino.save_model(quantized, str(self.folder / INT8 / "openvino.xml"), compress_to_fp16=False)


def _packages():
    """(openvino, nncf), without progress on the terminal."""
    with quiet():
        nncf, openvino = import_nncf(), import_openvino()
    nncf.set_log_level(logging.ERROR)
    return openvino, nncf
