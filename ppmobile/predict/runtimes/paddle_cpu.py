"""Paddle Inference on oneDNN: fp32, bf16 on CPUs that have it, and int8 from the quantized graph."""

from ..quiet import quiet
from .base import Runtime

# With its own choice of operators oneDNN also quantizes pool, add and mul, which ruins the answers; without
# fused_conv2d hardly anything is quantized, since the convolutions have been fused by then.
INT8_OPERATORS = {"conv2d", "fused_conv2d", "depthwise_conv2d", "fc"}
# Input shapes whose oneDNN primitives stay in memory. Paddle 3.1 itself keeps as many; without a limit (0) the tests'
# net takes 0.2 MB more with each new shape.
SHAPES_KEPT = 10


class PaddleRuntime(Runtime):
    """Paddle's predictor with oneDNN; it folds batch norm and fuses activations when it loads."""

    library = "paddle"

    def _load(self, files):
        with quiet():
            from paddle import inference

            predictor = inference.create_predictor(self._config(inference, files))
        entry = predictor.get_input_handle(predictor.get_input_names()[0])
        outputs = [predictor.get_output_handle(name) for name in predictor.get_output_names()]

        def run(image):
            entry.reshape(image.shape)
            entry.copy_from_cpu(image)
            predictor.run()
            return [output.copy_to_cpu() for output in outputs]

        return run

    def _config(self, inference, files):
        config = inference.Config(*files)
        config.disable_gpu()
        config.disable_glog_info()
        config.enable_mkldnn()
        config.enable_memory_optim()
        config.set_cpu_math_library_num_threads(self.threads)
        config.set_mkldnn_cache_capacity(SHAPES_KEPT)
        if self.precision == "bf16":
            config.enable_mkldnn_bfloat16()
        if self.precision == "int8":
            config.enable_mkldnn_int8(INT8_OPERATORS)
        return config
