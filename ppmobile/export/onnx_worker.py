"""Runs paddle2onnx on one graph; a program of its own, because it aborts the process on what it does not know."""

import sys
from pathlib import Path

# 13 is the first version whose QuantizeLinear takes a scale a channel, which int8 needs. ONNX Runtime 1.23 makes the
# same graph and the same time of PP-LCNet from any of 11 to 20, and older readers know 13. An operator that needs a
# newer version raises it.
OPSET = 13


def main(model, weights, out):
    """Write the .pdmodel file `model` with its .pdiparams `weights` as the ONNX file `out`, and check that."""
    folder = str(Path(__file__).resolve().parent)
    sys.path[:] = [place for place in sys.path if place != folder]  # our onnx.py would hide the package onnx
    import onnx
    import paddle2onnx

    # its default for optimize_tool installs packages with pip while it runs
    paddle2onnx.export(model, weights, out, opset_version=OPSET, optimize_tool="None")
    onnx.checker.check_model(onnx.load_model_from_string(Path(out).read_bytes()), full_check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
