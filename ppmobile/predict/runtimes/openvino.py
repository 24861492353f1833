"""OpenVINO on the CPU: fp32 and bf16 straight from Paddle's graph, int8 from nncf's quantized model."""

from ...untracked import import_openvino
from .base import Runtime

PRECISIONS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}  # of all that is not quantized


class OpenVinoRuntime(Runtime):
    """A compiled model with one stream, tuned for the time of a single answer."""

    library = "openvino"

    def _load(self, files):
        core = import_openvino().Core()
        # without a hint on the precision, OpenVINO takes bf16 wherever the CPU has it
        compiled = core.compile_model(core.read_model(files[0]), "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": self.threads,
            "INFERENCE_PRECISION_HINT": PRECISIONS[self.precision]})
        request = compiled.create_infer_request()

        def run(image):
            request.infer({0: image})
            return [request.get_output_tensor(i).data.copy() for i in range(len(compiled.outputs))]

        return run
