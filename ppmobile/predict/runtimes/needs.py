"""What each runtime needs: files of the artefact, a library, CPU features; found out without importing any library."""

import importlib.util

from ...doctor import cpu
from ...errors import ExportError
from ...wording import suggestion

_PADDLE = ("inference.pdmodel", "inference.pdiparams")
_EXPORT, _PTQ = "ppmobile export -w RUN --out FOLDER --for {target}", "ppmobile slim ptq {folder}"
FILES = {  # in the order in which tables list the runtimes
    "paddle-fp32": _PADDLE,
    "paddle-bf16": _PADDLE,
    "paddle-int8": ("int8/inference.pdmodel", "int8/inference.pdiparams"),
    "onnx-fp32": ("model.onnx",),
    "onnx-int8": ("int8/model.onnx",),
    "openvino-fp32": _PADDLE,
    "openvino-bf16": _PADDLE,
    "openvino-int8": ("int8/openvino.xml", "int8/openvino.bin"),
    "lite-fp32": ("model_x86.nb",),
}
NAMES = tuple(FILES)
_MODULES = {"paddle": ("paddle", 'pip install "paddlepaddle>=3.0,<3.2"'),
            "onnx": ("onnxruntime", "pip install ppmobile[onnx]"),
            "openvino": ("openvino", "pip install ppmobile[openvino]")}
BF16_FEATURES = ("avx512_bf16", "amx_bf16")  # without them bf16 is emulated, slower than fp32, or an error


def check_name(name):
    """(library, precision) of a runtime's name; ExportError with the nearest name if it is none of NAMES."""
    if not isinstance(name, str) or name not in NAMES:
        raise ExportError(f"unknown runtime {name!r}.{suggestion(name, NAMES)} Known: {', '.join(NAMES)}")
    return name.split("-")


def status(name, artefact):
    """'' if the runtime `name` can run this Artefact here, else the reason and the remedy in one line."""
    library, precision = check_name(name)
    absent = [file for file in FILES[name] if not artefact.has(file)]
    if absent:
        origin = _PTQ if precision == "int8" else _EXPORT
        return f"the artefact has no {absent[0]}: {origin.format(folder=artefact.folder, target=library)}"
    if precision == "bf16":
        model, features = cpu()
        if not set(BF16_FEATURES) & (features or frozenset()):
            return f"the CPU ({model}) has neither {' nor '.join(BF16_FEATURES)}: {library}-fp32 is faster there"
    return _missing(library)


def _missing(library):
    """Why a library cannot be used, or ''."""
    if library == "lite":  # has a process of its own, perhaps with another Python
        from ...lite_python import interpreter

        try:
            interpreter()
        except ExportError as error:
            return str(error)
        return ""
    module, install = _MODULES[library]
    return "" if importlib.util.find_spec(module) else f"{module} is not installed: {install}"
