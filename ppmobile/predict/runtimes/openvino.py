"""OpenVINO on the CPU: fp32 and bf16 straight from Paddle's graph, int8 from nncf's quantized model."""

from .base import Runtime

PRECISIONS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}  # of all that is not quantized
GRAPH = ("inference.pdmodel", "inference.pdiparams")


class OpenVinoRuntime(Runtime):
    """A compiled model with one stream, tuned for the time of a single answer."""

    library, module, install = "openvino", "openvino", "pip install ppmobile[openvino]"
    files = {"fp32": GRAPH, "bf16": GRAPH, "int8": ("int8/openvino.xml", "int8/openvino.bin")}
    origin = {"fp32": "ppmobile export", "bf16": "ppmobile export", "int8": "ppmobile slim ptq {folder}"}

    def _load(self):
        import openvino

        core = openvino.Core()
        model = core.read_model(str(self.artefact.path(self.files[self.precision][0])))
        # without the hint OpenVINO takes bf16 wherever the CPU has it, whatever the graph says
        compiled = core.compile_model(model, "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": self.threads,
            "INFERENCE_PRECISION_HINT": PRECISIONS[self.precision]})
        request = compiled.create_infer_request()

        def run(image):
            request.infer({0: image})
            return [request.get_output_tensor(i).data.copy() for i in range(len(compiled.outputs))]

        return run
