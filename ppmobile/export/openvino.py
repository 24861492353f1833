"""Whether OpenVINO can read an exported Paddle graph, found out before an artefact promises it."""

from pathlib import Path

from ..errors import ExportError
from .program import MODEL


def try_reading(folder):
    """Read and compile inference.pdmodel in `folder`; ExportError says what OpenVINO does not understand."""
    try:
        import openvino
    except ImportError:
        raise ExportError("openvino is not installed; pip install ppmobile[openvino]") from None
    core = openvino.Core()
    try:
        core.compile_model(core.read_model(str(Path(folder) / MODEL)), "CPU")
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ExportError(f"OpenVINO cannot read the graph: {lines[-1] if lines else error}") from error
