"""What a slim run starts processes for, done in this one, so that a test does not wait for imports of paddle."""

import time

from ppmobile.artefact import read
from ppmobile.predict.runtimes import open_runtime
from ppmobile.profiling import latency, memory
from ppmobile.profiling.sample import image_for


class InProcess:
    """Stands for profiling.workers.Worker: really runs the artefact, but here."""

    reason = ""

    def __init__(self, folder, runtime, threads=1):
        artefact = read(folder)
        self.runtime, self.image = open_runtime(runtime, artefact, threads), image_for(artefact)

    def run(self, count):
        """Milliseconds of each of `count` runs."""
        found = []
        for _ in range(count):
            start = time.perf_counter()
            self.runtime.run(self.image)
            found.append(1000 * (time.perf_counter() - start))
        return found

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.runtime.close()


def measure_here(monkeypatch):
    """Time artefacts in this process, and leave memory unknown, which only a process of its own could tell."""
    monkeypatch.setattr(latency, "Worker", InProcess)
    monkeypatch.setattr(memory, "graph_peak", lambda artefact, runtime, threads: None)
