"""Calibration by PaddleSlim, in a process of its own, for what it does to Paddle's global state."""

import importlib.util
import json
import sys
from pathlib import Path

from .. import child
from ..errors import ExportError

WORKER = Path(__file__).with_name("paddleslim_worker.py")
# how each finds the range of a layer's input, in quant_post_static's words
ALGORITHMS = {
    "abs_max": {"algo": "abs_max"},  # the greatest value of all pictures
    "avg": {"algo": "avg"},  # the mean of the pictures' greatest values
    "hist": {"algo": "hist", "hist_percent": 0.9999},  # the value that 1 in 10,000 exceeds
    "hist999": {"algo": "hist", "hist_percent": 0.999},  # the value that 1 in 1,000 exceeds
    "mse": {"algo": "mse"},  # the least mean squared rounding error
    "kl": {"algo": "KL"},  # the least divergence of the distributions; takes minutes
}
# What "auto" chooses from, for each layer. With all layers in int8 it is the most even over two nets, but once some
# are in float it takes as many of them as "avg", which is a quarter of the work and therefore the default
# (tools/ptq_algorithms.py prints the figures).
AUTO = ("abs_max", "avg", "hist", "hist999")


def algorithms(name):
    """The names of ALGORITHMS that an --algo stands for."""
    return AUTO if name == "auto" else (name,)


def calibrate(graph_folder, images, names, out):
    """{algorithm: folder below `out` with the quantized graph} for the fp32 graph in `graph_folder`.

    images: (N, 3, H, W) float32. names: of ALGORITHMS. ExportError if PaddleSlim is missing or fails. A process of its
    own, because PaddleSlim wants the old IR from the import of paddle on and a function that Paddle 3 renamed, and
    leaves Paddle in static mode when it fails.
    """
    require()
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    images.astype("<f4").tofile(out / "images.f32")
    job = {"graph": str(graph_folder), "images": str(out / "images.f32"), "shape": list(images.shape),
           "runs": {str(out / name): ALGORITHMS[name] for name in names}}
    (out / "job.json").write_text(json.dumps(job), encoding="utf-8")
    status, text = child.run([sys.executable, WORKER, out / "job.json"])
    (out / "images.f32").unlink()
    absent = [name for name in names if not (out / name / "inference.pdmodel").is_file()]
    if status or absent:
        raise ExportError(f"{graph_folder}: PaddleSlim cannot quantize the graph ({child.ending(status, text)})")
    return {name: out / name for name in names}


def require():
    """ExportError without PaddleSlim."""
    if not importlib.util.find_spec("paddleslim"):
        raise ExportError("paddleslim is not installed: pip install ppmobile[slim]")
