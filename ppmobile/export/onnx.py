"""From a Paddle graph to an ONNX file, which ONNX Runtime and many other programs read."""

import importlib.util
import json
import subprocess
import sys
import tempfile
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
    with atomic_write(out_file) as temporary, _Translator() as translator:
        problem = translator.translate(graph_folder, temporary)
        if problem:
            op = culprit(load_graph(graph_folder), lambda cut, names: not translator.translate(cut, cut / "cut.onnx"))
            raise ExportError(f"{Path(out_file).name}: paddle2onnx cannot convert {describe(op)}: {problem}; "
                              f"{advice(op)}")


class _Translator:
    """The worker process, with a folder for what paddle2onnx prints."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="ppmobile-")
        self._log = Path(self._folder.name) / "log"
        self._errors = (Path(self._folder.name) / "errors").open("w+", encoding="utf-8", errors="replace")
        self._worker = subprocess.Popen([sys.executable, str(WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self._errors, encoding="utf-8")
        return self

    def __exit__(self, *error):
        self._worker.kill()  # it has nothing to save
        self._worker.wait()
        for stream in (self._worker.stdin, self._worker.stdout, self._errors):
            stream.close()
        self._folder.cleanup()

    def translate(self, graph_folder, out_file):
        """'' when the ONNX file is written and passes the checker, else in one line how it failed."""
        model, weights = (Path(graph_folder) / name for name in (MODEL, PARAMS))
        try:
            self._worker.stdin.write(json.dumps([str(path) for path in (model, weights, out_file, self._log)]) + "\n")
            self._worker.stdin.flush()
        except OSError:  # it has ended already, as where paddle2onnx cannot be imported
            pass
        status = self._worker.stdout.readline()
        if status.strip() == "0":
            return ""
        if status:
            return child.ending(int(status), self._log.read_text(encoding="utf-8", errors="replace"))
        self._errors.seek(0)
        raise ExportError(f"paddle2onnx cannot be started: {child.ending(self._worker.wait(), self._errors.read())}; "
                          "pip install ppmobile[onnx]")
