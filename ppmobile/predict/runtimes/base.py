"""What a runtime is: one library that runs an artefact's graph on this CPU, behind one interface."""

import importlib.util

from ...errors import ExportError
from ...wording import expected, show


class Runtime:
    """Base: a graph of an Artefact, loaded and ready. Not thread-safe; one call of `run` at a time.

    A subclass sets these, and loads the graph in `_load`:
    library: the start of its names, as in "onnx-fp32". module: what it imports. install: the command that brings it.
    files: {precision: names of the files that it reads}. origin: {precision: command that makes them}, where
    {folder} stands for the artefact.
    """

    library, module, install = "", "", ""
    files, origin = {}, {}

    def __init__(self, artefact, threads=1, precision="fp32"):
        """Load. threads: whole number >= 1. precision: a key of `files`. ExportError says what is in the way."""
        self.artefact, self.precision = artefact, precision
        self.threads = check_threads(threads)
        self.name = f"{self.library}-{precision}"
        self._run = self._load()

    def run(self, image):
        """The outputs, a list of float32 arrays of their own, for (N, 3, H, W) float32 in C order."""
        if self._run is None:
            raise ExportError(f"{self.artefact.folder}: {self.name} was closed; open it again")
        return self._run(image)

    def close(self):
        """Let go of the graph and its memory; a second call does nothing."""
        self._run = None

    @classmethod
    def missing(cls):
        """Why the library cannot be used here, in one line, or ''. It is looked up, not imported."""
        if importlib.util.find_spec(cls.module) is None:
            return f"{cls.module} is not installed: {cls.install}"
        return ""

    def _load(self):
        """A function from the image to the list of outputs."""
        raise NotImplementedError


def check_threads(threads):
    """`threads` itself if it is a whole number of at least 1, else an ExportError of one line."""
    if isinstance(threads, bool) or not isinstance(threads, int):
        raise ExportError(f"threads: {expected(int, threads)}")
    if threads < 1:
        raise ExportError(f"threads: must be at least 1, got {show(threads)}")
    return threads
