"""The runtimes by name, whether each can be used here, and how to open one; a library is imported when it is opened."""

import importlib

from ...errors import ExportError
from ...wording import brief
from .base import Runtime, check_threads
from .needs import NAMES, check_name, status

_CLASSES = {"paddle": ("paddle_cpu", "PaddleRuntime"), "onnx": ("onnx", "OnnxRuntime"),
            "openvino": ("openvino", "OpenVinoRuntime"), "lite": ("lite", "LiteRuntime")}
__all__ = ["NAMES", "Runtime", "check_name", "check_threads", "open_runtime", "status"]


def open_runtime(name, artefact, threads=1):
    """The Runtime `name` with the graph of an Artefact loaded; close it when done.

    threads: whole number >= 1. ExportError in one line when the runtime is not installed, files are missing, or
    the library refuses the graph.
    """
    threads = check_threads(threads)
    reason = status(name, artefact)
    if reason:
        raise ExportError(f"{artefact.folder}: {name} cannot be used here: {reason}")
    library, precision = check_name(name)
    module, cls = _CLASSES[library]
    try:
        return getattr(importlib.import_module(f".{module}", __name__), cls)(artefact, threads, precision)
    except ExportError:
        raise
    except Exception as error:  # each library has errors of its own
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise ExportError(f"{artefact.folder}: {name} cannot load the graph ({brief(lines[-1], 200)}); "
                          "ppmobile verify tells more, and another --runtime may work") from error
