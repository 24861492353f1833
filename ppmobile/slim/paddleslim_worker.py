"""Runs PaddleSlim's static post-training quantization on one graph; a program, see calibrate.py for why."""

import json
import os
import sys
from pathlib import Path

MODEL, PARAMS = "inference.pdmodel", "inference.pdiparams"
OPERATORS = ["conv2d", "depthwise_conv2d", "conv2d_transpose", "mul", "matmul", "matmul_v2"]


def main(file):
    """Do the job that the JSON file describes (calibrate.py writes it): a quantized graph for each of its runs."""
    folder = str(Path(__file__).resolve().parent)
    sys.path[:] = [place for place in sys.path if place != folder]  # our modules would hide others of the same name
    os.environ["FLAGS_enable_pir_api"] = "0"  # PaddleSlim 2.6 knows no other graphs than those of the old IR
    import numpy as np
    import paddle
    from paddle.base.dygraph import base

    base._to_static_mode_guard_ = base.to_static_mode_guard  # its name in the Paddle that PaddleSlim was written for
    job = json.loads(Path(file).read_text(encoding="utf-8"))
    images = np.fromfile(job["images"], "<f4").reshape(job["shape"])
    paddle.enable_static()
    for out, settings in job["runs"].items():
        quantize(paddle, job["graph"], images, out, settings)


def quantize(paddle, graph, images, out, settings):
    """Write the graph of the folder `graph`, calibrated on `images` one by one, to the folder `out`."""
    from paddleslim.quant import quant_post_static

    class Images(paddle.io.Dataset):
        """The images as PaddleSlim wants them."""

        def __len__(self):
            return len(images)

        def __getitem__(self, index):
            return (images[index],)

    with paddle.static.program_guard(paddle.static.Program()), paddle.static.scope_guard(paddle.static.Scope()):
        place = paddle.CPUPlace()
        image = paddle.static.data("image", [1, *images.shape[1:]], "float32")
        loader = paddle.io.DataLoader(Images(), feed_list=[image], batch_size=1, return_list=False, places=place)
        quant_post_static(
            paddle.static.Executor(place), graph, out, data_loader=loader, batch_size=1, batch_nums=len(images),
            model_filename=MODEL, params_filename=PARAMS, save_model_filename=MODEL, save_params_filename=PARAMS,
            scope=paddle.static.global_scope(), quantizable_op_type=OPERATORS, onnx_format=True, **settings)


if __name__ == "__main__":
    main(sys.argv[1])
