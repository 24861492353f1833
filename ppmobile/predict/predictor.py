"""The Predictor: an artefact with the preprocessing it was trained with, on one runtime, safe to call from threads."""

import itertools
import threading
import time
from pathlib import Path

import numpy as np

from .. import artefact as artefacts
from ..errors import DataError, ExportError
from ..transforms import Compose
from ..wording import brief
from . import pictures
from .answers import reader
from .item import Item, at_least_one, finisher
from .runtimes import check_name, check_threads, open_runtime


def load(folder, runtime="auto", threads=1):
    """A Predictor for the artefact in `folder`.

    runtime: one of predict.runtimes.NAMES, or "auto" for the fastest that gives the right answers here; that is
    measured once, in a process of its own, and remembered. threads: cores for a run. ExportError in one line for an
    artefact that was changed, a training run, and a runtime that cannot be used.
    """
    from .choose import choose

    threads = check_threads(threads)
    if runtime != "auto":
        check_name(runtime)
    artefact = _artefact(folder)
    why = "asked for"
    if runtime == "auto":
        runtime, why = choose(artefact, threads)
    return Predictor(artefact, open_runtime(runtime, artefact, threads), why)


def _artefact(folder):
    """The checked Artefact in `folder`, unless something else is there."""
    path = Path(folder)
    if path.suffix == ".safetensors" or any(path.glob("*.safetensors")):
        raise ExportError(f"{folder}: this is a trained model, not an artefact; export it first: "
                          f"ppmobile export -w {folder} --out ARTEFACT")
    if not path.is_dir():
        raise ExportError(f"{folder}: no such folder; give the folder that ppmobile export wrote")
    artefact = artefacts.read(path)
    reader(artefact.deploy, folder)  # refuses a task that it does not know
    return artefact


class Predictor:
    """Answers for pictures; several threads may use it, and their runs take turns.

    artefact, classes, threads: what it was loaded with. runtime: the name of the runtime. why: how it was chosen, in
    a line. A predictor is also a context manager that closes itself.
    """

    def __init__(self, artefact, opened, why=""):
        self.artefact, self.classes, self.why = artefact, tuple(artefact.classes), why
        self.runtime, self.threads = opened.name, opened.threads
        self._opened, self._lock, self._reader = opened, threading.Lock(), reader(artefact.deploy)
        self._steps = Compose(artefact.deploy["preprocess"], f"{artefacts.DEPLOY}: preprocess")

    def predict(self, source, batch_size=1, topk=None, threshold=None):
        """The Classification or the Detections of one picture, or a list of them, in order, for many.

        source: a path, the bytes of a picture file, or an array, (H, W, 3) uint8 RGB, (H, W, 4) RGBA or (H, W) grey;
        many: a list, tuple or generator of these, a folder, or a glob pattern. batch_size: pictures a run, where the
        artefact was exported with a dynamic batch; others run as they were exported. topk: of a classifier, the length
        of `top`. threshold: of a detector, the least score of a box, 0 to 1. deploy.yml says both where None is given.
        A single picture that cannot be read raises DataError; among many it becomes a result with an `error`.
        """
        results = list(self.stream(source, batch_size, topk, threshold))
        if not pictures.is_one(source):
            return results
        if results[0].error:
            raise DataError(f"{brief(results[0].path or 'picture', 300)}: {results[0].error}")
        return results[0]

    def stream(self, source, batch_size=1, topk=None, threshold=None):
        """The same for any number of pictures, one after the other: a generator, so memory does not grow."""
        self._living()
        size, fixed = at_least_one("batch_size", batch_size), self.artefact.shape[0]
        finish, least = finisher(self.artefact.deploy, topk, threshold)
        return self._stream(pictures.each(source), size if fixed < 0 else fixed, finish, least)

    def close(self):
        """Free the model. Using the predictor afterwards is an ExportError."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened:
            opened.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def __repr__(self):
        state = self.runtime if self._opened else "closed"
        return f"<Predictor {self.artefact.folder}: {len(self.classes)} classes, {state}, threads={self.threads}>"

    def _stream(self, sources, size, finish, least):
        while group := list(itertools.islice(sources, size)):
            yield from map(finish, self._answered([Item(source) for source in group], size, least))

    def _answered(self, items, size, least):
        """Up to `size` items, in order, with their answers or errors."""
        for item in items:
            item.prepare(self._steps, self.artefact.shape)
        alike = {}  # a graph of any size: those of one size together
        for item in items:
            if not item.error:
                alike.setdefault(item.tensor.shape, []).append(item)
        for group in alike.values():
            self._fill(group, size, least)
        return items

    def _fill(self, items, size, least):
        """Run the tensors of `items`, all of one shape, and store the answers in them."""
        start = time.perf_counter()
        batch = np.stack([item.tensor for item in items]) if len(items) > 1 else items[0].tensor[None]
        if self.artefact.shape[0] > len(batch):  # a fixed batch is filled up
            batch = np.concatenate([batch, np.zeros((size - len(batch), *batch.shape[1:]), np.float32)])
        ready = time.perf_counter()
        outputs = self._run(batch)
        done = time.perf_counter()
        place = f"{self.artefact.folder}: {self.runtime}"
        answers = self._reader.read(outputs, len(items), place, batch.shape[2:], least)
        end = time.perf_counter()
        for item, answer in zip(items, answers):
            item.seconds[1] += (ready - start) / len(items)
            item.finish(answer, (done - ready) / len(items), (end - done) / len(items))

    def _run(self, batch):
        with self._lock:
            opened = self._living()
            try:
                return opened.run(batch)
            except ExportError:
                raise
            except Exception as error:  # each library has errors of its own
                raise ExportError(f"{self.artefact.folder}: {self.runtime} failed on {list(batch.shape)}: "
                                  f"{brief(error, 200)}; run ppmobile verify on the artefact") from error

    def _living(self):
        """The open runtime."""
        if self._opened is None:
            raise ExportError(f"{self.artefact.folder}: the predictor was closed; ppmobile.load(...) opens a new one")
        return self._opened
