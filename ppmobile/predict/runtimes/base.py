"""What a runtime is: one library that runs an artefact's graph on this CPU, behind one interface."""

import numpy as np

from ...doctor import cores
from ...errors import ExportError
from ...wording import expected, show
from .needs import FILES

THREADS = 64, 8  # the most threads: so many, or so many for each core; thousands take minutes to start, or never do


class Runtime:
    """Base: a graph of an Artefact, loaded and ready. Not thread-safe: one call of `run` at a time.

    A subclass says its `library`, the start of its names as in "onnx-fp32", and loads the graph in `_load`.
    """

    library = ""

    def __init__(self, artefact, threads=1, precision="fp32"):
        """Load the graph of that precision. threads: whole number >= 1. Raises what the library raises."""
        self.artefact, self.precision = artefact, precision
        self.threads = check_threads(threads)
        self.name = f"{self.library}-{precision}"
        self._run = self._load([str(artefact.path(file)) for file in FILES[self.name]])

    def run(self, image):
        """The outputs, a list of float32 arrays of their own, for (N, 3, H, W) float32 in C order."""
        if self._run is None:
            raise ExportError(f"{self.artefact.folder}: {self.name} was closed; open it again")
        return self._run(image)

    def close(self):
        """Let go of the graph and its memory; a second call does nothing."""
        self._run = None

    def _load(self, files):
        """A function from the image to the list of outputs. files: the paths, in the order of needs.FILES."""
        raise NotImplementedError


def check_threads(threads):
    """`threads` as an int if it is a whole number from 1 to a few for each core, else an ExportError of one line."""
    if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)):
        raise ExportError(f"threads: {expected(int, threads)}")
    if threads < 1:
        raise ExportError(f"threads: must be at least 1, got {show(threads)}")
    most = max(THREADS[0], THREADS[1] * cores())
    if threads > most:
        raise ExportError(f"threads: must be at most {most} here ({cores()} cores), got {show(threads)}")
    return int(threads)
