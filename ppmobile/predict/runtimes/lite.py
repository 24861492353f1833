"""Paddle Lite on x86, the phone's library on this machine; always in a process, and perhaps a Python, of its own."""

import contextlib
import json
import math
import os
import subprocess
import tempfile
import threading
import weakref
from pathlib import Path

import numpy as np

from ... import child
from ...errors import ExportError
from ...lite_python import command
from .base import Runtime

WORKER = Path(__file__).with_name("lite_worker.py")
ADVICE = {"load": "export it again",
          "run": "a graph that converts need not run: ppmobile check --for lite finds the layer"}


class LiteRuntime(Runtime):
    """The artefact's model_x86.nb. Only fp32 is run: Lite's int8 kernels for x86 compute nonsense.

    Lite's configuration for .nb files has no number of threads. `threads` is given to OpenMP, which starts them, but
    PP-LCNet takes the same time with one and with two (measured, Lite 2.13rc0).
    """

    library = "lite"

    def _load(self, files):
        self._process = LiteProcess(files[0], self.threads)
        return self._process.run

    def close(self):
        """End the process; a second call does nothing."""
        super().close()
        self._process.close()


class LiteProcess:
    """A process that holds a .nb file for x86 and answers tensors; for any file, inside an artefact or not."""

    def __init__(self, file, threads=1):
        """Start it and wait until the file is loaded. ExportError with what Lite said if it ends instead."""
        self.file, self._turn = Path(file), threading.Lock()
        self._said = tempfile.TemporaryFile()  # a pipe that nobody reads would stop the process when it is full
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        self._process = subprocess.Popen([str(word) for word in command(WORKER, self.file)], env=environment,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said)
        self._end = weakref.finalize(self, _end, self._process, self._said)
        self._receive("load")

    def run(self, image):
        """The outputs, a list of float32 arrays, for (N, 3, H, W) float32. ExportError if Lite aborts."""
        with self._turn:
            if self._process.stdin.closed:
                raise ExportError(f"{self.file}: the Paddle Lite process has ended; open the runtime again")
            data = np.ascontiguousarray(image, "<f4")
            with contextlib.suppress(OSError):  # it has ended; what it said last comes out below
                self._process.stdin.write(json.dumps(data.shape).encode() + b"\n")
                self._process.stdin.write(data)
                self._process.stdin.flush()
            return self._receive("run")

    def close(self):
        """End the process; a second call does nothing."""
        self._end()

    def _receive(self, doing):
        """The arrays of one answer."""
        line = self._process.stdout.readline()
        shapes = json.loads(line) if line.endswith(b"\n") else None
        data = [self._process.stdout.read(4 * math.prod(shape)) for shape in shapes or []]
        if shapes is None or any(len(part) != 4 * math.prod(shape) for part, shape in zip(data, shapes)):
            status = self._process.wait()
            self._said.seek(0)
            reason = child.ending(status, self._said.read().decode("utf-8", "replace"))
            self.close()
            raise ExportError(f"{self.file}: Paddle Lite cannot {doing} it ({reason}); {ADVICE[doing]}")
        return [np.frombuffer(bytearray(part), "<f4").reshape(shape) for part, shape in zip(data, shapes)]


def _end(process, said):
    """End a worker, which has nothing to save; at the end of its input it leaves only if no forked child holds that."""
    process.kill()
    for stream in (process.stdin, process.stdout, said):
        with contextlib.suppress(OSError):  # something was still to be written to a process that has ended
            stream.close()
    process.wait()
