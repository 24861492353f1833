"""From a Paddle graph to an ONNX file, which ONNX Runtime and many other programs read."""

import importlib.util
import sys
from pathlib import Path

from .. import child
from ..errors import ExportError
from ..files import atomic_write
from .culprit import advice, culprit, describe
from .program import MODEL, PARAMS, load_graph

WORKER = Path(__file__).with_name("onnx_worker.py")


def convert(graph_folder, out_file):
    """Write the fp32 graph in `graph_folder` (inference.pdmodel, .pdiparams) as the ONNX file `out_file`, checked.

    ExportError names the layer and operator that paddle2onnx does not take, and nothing is left behind.
    """
    if not importlib.util.find_spec("paddle2onnx"):
        raise ExportError("paddle2onnx is not installed: pip install ppmobile[onnx]")
    with atomic_write(out_file) as temporary:
        problem = translate(graph_folder, temporary)
        if problem:
            raise ExportError(f"{Path(out_file).name}: paddle2onnx cannot convert {_place(graph_folder, problem)}")


def translate(graph_folder, out_file):
    """Run paddle2onnx on a graph; '' when it has written `out_file`, else in one line how it failed."""
    model, weights = (Path(graph_folder) / name for name in (MODEL, PARAMS))
    status, text = child.run([sys.executable, WORKER, model, weights, out_file])
    return child.ending(status, text) if status else ""


def _place(graph_folder, problem):
    """'LAYER (OPERATOR): what paddle2onnx said; what to do'."""
    op = culprit(load_graph(graph_folder), lambda cut, names: not translate(cut, cut / "cut.onnx"))
    return f"{describe(op)}: {problem}; {advice(op)}"
