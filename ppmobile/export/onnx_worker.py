"""Runs paddle2onnx on graphs; a program of its own, because it aborts the process on what it does not know.

It imports paddle2onnx once, which takes a second, and then forks for each graph that it is asked for.
"""

import json
import os
import sys
import traceback
from pathlib import Path

# 13 is the first version whose QuantizeLinear takes a scale a channel, which int8 needs. ONNX Runtime 1.23 makes the
# same graph and the same time of PP-LCNet from any of 11 to 20, and older readers know 13. An operator that needs a
# newer version raises it.
OPSET = 13


def main():
    """For each line [model, weights, out, log] of JSON on stdin, convert, and write the exit status to stdout."""
    folder = str(Path(__file__).resolve().parent)
    sys.path[:] = [place for place in sys.path if place != folder]  # our onnx.py would hide the package onnx
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the libraries print must not get between the answers
    import onnx
    import paddle2onnx

    for line in sys.stdin:
        child = os.fork()
        if not child:
            _convert(onnx, paddle2onnx, *json.loads(line))
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        answers.flush()


def _convert(onnx, paddle2onnx, model, weights, out, log):
    """Write the .pdmodel file `model` with its .pdiparams `weights` as the ONNX file `out`, check it, and leave."""
    status = 1
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        # its default for optimize_tool installs packages with pip while it runs
        paddle2onnx.export(model, weights, out, opset_version=OPSET, optimize_tool="None")
        onnx.checker.check_model(onnx.load_model_from_string(Path(out).read_bytes()), full_check=True)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    main()
