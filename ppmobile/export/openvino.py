"""Whether OpenVINO can read an exported Paddle graph, found out before an artefact promises it."""

from pathlib import Path

from ..errors import ExportError
from ..untracked import import_openvino
from .culprit import advice, culprit, describe
from .program import MODEL, load_graph


def try_reading(folder):
    """Read and compile inference.pdmodel in `folder`; ExportError names the layer and operator that is refused."""
    try:
        core = import_openvino().Core()
    except ImportError:
        raise ExportError("openvino is not installed: pip install ppmobile[openvino]") from None
    problem = refusal(core, folder)
    if problem:
        op = culprit(load_graph(folder), lambda cut, names: not refusal(core, cut))
        raise ExportError(f"OpenVINO cannot read {describe(op)}: {problem}; {advice(op)}")


def refusal(core, folder):
    """'' if an openvino.Core can read and compile the graph in `folder`, else the last line of what it says."""
    try:
        core.compile_model(core.read_model(str(Path(folder) / MODEL)), "CPU")
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return lines[-1] if lines else type(error).__name__
    return ""
