"""Handles on processes that each run one artefact on one runtime (profiling/worker.py), as the caller sees them."""

import contextlib
import json
import subprocess
import sys
import tempfile

from ..engine.launch import environment
from ..errors import ExportError
from ..wording import reason

# Worker threads of OpenMP would go on spinning for 200 ms (Intel's library) after a run and take the core from the
# next runtime's turn. One millisecond keeps them awake between the layers of one run, and no longer.
CALM = {"KMP_BLOCKTIME": "1", "GOMP_SPINCOUNT": "10000"}


class Worker:
    """An artefact on a runtime in a process of its own; close it when done. Usable as a context.

    reason: why it cannot run here, "" if it can.
    """

    def __init__(self, folder, runtime, threads=1):
        self.folder, self.runtime, self.reason = folder, runtime, ""
        self._said = tempfile.TemporaryFile()
        command = [sys.executable, "-m", "ppmobile.profiling.worker", str(folder), runtime, str(threads)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, encoding="utf-8",
            env=environment(OMP_NUM_THREADS=str(threads), **CALM))
        try:
            self.reason = self._answer()["reason"]
        except ExportError as error:
            self.reason = str(error)

    def run(self, count):
        """Milliseconds of each of `count` runs on one picture's input, a list."""
        return self._ask(run=count)["ms"]

    def classify(self, pictures):
        """The class names that a predictor on this runtime gives the picture files; None where it cannot read one."""
        return self._ask(pictures=[str(one) for one in pictures])["names"]

    def close(self):
        """End the process."""
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._said.close()

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.close()

    def _ask(self, **request):
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has ended; _answer says how
        answer = self._answer()
        if answer.get("reason"):
            raise ExportError(answer["reason"])
        return answer

    def _answer(self):
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        status = self._process.wait()
        how = f"signal {-status}" if status < 0 else f"status {status}"
        raise ExportError(f"{self.folder}: {self.runtime} ended its process with {how}{self._last_words()}")

    def _last_words(self):
        self._said.seek(0)
        said = reason(self._said.read().decode("utf-8", "replace"))
        return f" ({said})" if said else ""
