"""The runtimes by name, whether each can be used here, and how to open one; a library is imported when it is opened."""

import importlib

from ...doctor import cpu
from ...errors import ExportError
from ...wording import brief, suggestion
from .base import Runtime, check_threads

NAMES = ("paddle-fp32", "paddle-bf16", "paddle-int8", "onnx-fp32", "onnx-int8",
         "openvino-fp32", "openvino-bf16", "openvino-int8", "lite-fp32")
BF16_FEATURES = ("avx512_bf16", "amx_bf16")  # without them bf16 is emulated, slower than fp32, or an error
_CLASSES = {"paddle": ("paddle_cpu", "PaddleRuntime"), "onnx": ("onnx", "OnnxRuntime"),
            "openvino": ("openvino", "OpenVinoRuntime"), "lite": ("lite", "LiteRuntime")}
__all__ = ["NAMES", "Runtime", "check_name", "open_runtime", "status"]


def status(name, artefact):
    """'' if the runtime `name` can run this Artefact here, else the reason and the remedy in one line."""
    cls, precision = _find(name)
    absent = [file for file in cls.files[precision] if not artefact.has(file)]
    if absent:
        return f"the artefact has no {absent[0]}: {cls.origin[precision].format(folder=artefact.folder)}"
    if precision == "bf16":
        model, features = cpu()
        if not set(BF16_FEATURES) & (features or frozenset()):
            return f"the CPU ({model}) shows neither {' nor '.join(BF16_FEATURES)}: use {name.split('-')[0]}-fp32"
    return cls.missing()


def open_runtime(name, artefact, threads=1):
    """The Runtime `name` with the graph of an Artefact loaded; close it when done.

    threads: whole number >= 1. ExportError in one line when the runtime is not installed, files are missing, or
    the library refuses the graph.
    """
    threads = check_threads(threads)
    reason = status(name, artefact)
    if reason:
        raise ExportError(f"{artefact.folder}: {name} cannot be used here: {reason}")
    cls, precision = _find(name)
    try:
        return cls(artefact, threads, precision)
    except ExportError:
        raise
    except Exception as error:  # each library has errors of its own
        lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise ExportError(f"{artefact.folder}: {name} cannot load the graph ({brief(lines[-1], 200)}); "
                          "ppmobile verify tells more, and another --runtime may work") from error


def check_name(name):
    """`name` itself if it is one of NAMES, else an ExportError with the nearest."""
    if not isinstance(name, str) or name not in NAMES:
        raise ExportError(f"unknown runtime {name!r}.{suggestion(name, NAMES)} Known: {', '.join(NAMES)}")
    return name


def _find(name):
    """(class, precision) of a runtime's name."""
    library, precision = check_name(name).split("-")
    module, cls = _CLASSES[library]
    return getattr(importlib.import_module(f".{module}", __name__), cls), precision
