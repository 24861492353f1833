"""ONNX Runtime on the CPU: fp32, and int8 from its own static quantization."""

from .base import Runtime


class OnnxRuntime(Runtime):
    """An InferenceSession of model.onnx with the CPU provider."""

    library = "onnx"

    def _load(self, files):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        options.log_severity_level = 3
        # else its threads keep a core busy for a while after each run, waiting for the next
        options.add_session_config_entry("session.force_spinning_stop", "1")
        session = onnxruntime.InferenceSession(files[0], options, providers=["CPUExecutionProvider"])
        entry = session.get_inputs()[0].name
        return lambda image: session.run(None, {entry: image})
