"""ONNX Runtime on the CPU: fp32, and int8 from its own static quantization."""

from .base import Runtime


class OnnxRuntime(Runtime):
    """An InferenceSession of model.onnx with its CPU provider."""

    library, module, install = "onnx", "onnxruntime", "pip install ppmobile[onnx]"
    files = {"fp32": ("model.onnx",), "int8": ("int8/model.onnx",)}
    origin = {"fp32": "ppmobile export --for onnx", "int8": "ppmobile slim ptq {folder}"}

    def _load(self):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        options.log_severity_level = 3
        # else its threads keep a core busy for a while after each run, waiting for the next
        options.add_session_config_entry("session.force_spinning_stop", "1")
        session = onnxruntime.InferenceSession(str(self.artefact.path(self.files[self.precision][0])), options,
                                               providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0].name
        return lambda image: session.run(None, {entry: image})
