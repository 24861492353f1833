"""From a Paddle graph to a .nb file of Paddle Lite, the form that runs on a phone; without paddle unless it fails."""

from pathlib import Path

from .. import child
from ..errors import ExportError
from ..files import atomic_write
from ..lite_python import command, interpreter

TARGETS = ("arm", "x86")
GRAPH = ("inference.pdmodel", "inference.pdiparams")  # as in program.py, which needs paddle
WORKER = Path(__file__).with_name("lite_worker.py")
__all__ = ["TARGETS", "convert", "interpreter"]


def convert(graph_folder, out_file, target):
    """Write the graph in `graph_folder` (inference.pdmodel, .pdiparams; fp32 or int8) as the .nb file `out_file`.

    target: "arm" for phones, "x86" to run it here. ExportError names the layer and operator that Paddle Lite does not
    take, and nothing is left behind.
    """
    if target not in TARGETS:
        raise ExportError(f"Paddle Lite target {target!r}: known are {', '.join(TARGETS)}")
    with atomic_write(out_file) as temporary:
        problem = optimise(graph_folder, temporary, target)
        if problem:
            place = _place(graph_folder, target, problem)
            raise ExportError(f"{Path(out_file).name}: Paddle Lite cannot convert {place}")


def optimise(graph_folder, out_file, target):
    """Run Opt on a graph; '' when it has written `out_file` (NAME.nb), else in one line how it failed."""
    model, weights = (Path(graph_folder) / name for name in GRAPH)
    status, text = child.run(command(WORKER, model, weights, Path(out_file).with_suffix(""), target))
    if status or not Path(out_file).is_file():
        return child.ending(status, text)
    return ""


def _place(graph_folder, target, problem):
    """'LAYER (OPERATOR): what Opt said; what to do'."""
    from .culprit import advice, culprit, describe
    from .program import load_graph

    op = culprit(load_graph(graph_folder), lambda cut, names: not optimise(cut, cut / "cut.nb", target))
    return f"{describe(op)}: {problem}; {advice(op)}"
