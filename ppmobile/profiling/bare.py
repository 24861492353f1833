"""A runtime's library with a graph and nothing else, to see what memory that takes: run as a script, by its path.

It imports neither ppmobile nor anything but the library and numpy, so it repeats the settings of predict/runtimes.
"""

import json
import sys

INT8_OPERATORS = {"conv2d", "fused_conv2d", "depthwise_conv2d", "fc"}
SHAPES_KEPT = 10


def paddle(files, precision, threads):
    """A function that runs the graph on Paddle Inference."""
    from paddle import inference

    config = inference.Config(*files)
    config.disable_gpu()
    config.disable_glog_info()
    config.enable_mkldnn()
    config.enable_memory_optim()
    config.set_cpu_math_library_num_threads(threads)
    config.set_mkldnn_cache_capacity(SHAPES_KEPT)
    if precision == "bf16":
        config.enable_mkldnn_bfloat16()
    if precision == "int8":
        config.enable_mkldnn_int8(INT8_OPERATORS)
    predictor = inference.create_predictor(config)
    entry = predictor.get_input_handle(predictor.get_input_names()[0])

    def run(image):
        entry.reshape(image.shape)
        entry.copy_from_cpu(image)
        predictor.run()
        return predictor.get_output_handle(predictor.get_output_names()[0]).copy_to_cpu()

    return run


def onnx(files, precision, threads):
    """The same on ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(files[0], options, providers=["CPUExecutionProvider"])
    return lambda image: session.run(None, {session.get_inputs()[0].name: image})


def openvino(files, precision, threads):
    """The same on OpenVINO."""
    sys.modules["openvino_telemetry"] = None  # a library's report on its use is not to be measured
    from openvino import Core

    core = Core()
    hint = "bf16" if precision == "bf16" else "f32"
    request = core.compile_model(core.read_model(files[0]), "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": hint}).create_infer_request()
    return lambda image: request.infer({0: image})


def lite(files, precision, threads):
    """The same on Paddle Lite; it has no setting for threads."""
    from paddlelite import lite as library

    config = library.MobileConfig()
    config.set_model_from_file(files[0])
    predictor = library.create_paddle_predictor(config)

    def run(image):
        predictor.get_input(0).from_numpy(image)
        predictor.run()
        return predictor.get_output(0).numpy().copy()

    return run


def main(name, threads, runs, shape, files):
    """Load and run; the process then waits for a line on its standard input, so that its memory can be read."""
    import numpy as np

    library, precision = name.split("-")
    run = {"paddle": paddle, "onnx": onnx, "openvino": openvino, "lite": lite}[library](files, precision, int(threads))
    image = np.zeros(json.loads(shape), np.float32)
    for _ in range(int(runs)):
        run(image)
    sys.stderr.write("\nready\n")
    sys.stderr.flush()
    sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:5], sys.argv[5:])
