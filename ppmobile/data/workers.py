"""Batches made by worker processes: in order, with a worker's errors raised here, and with no process left behind.

Paddle's own DataLoader wraps a worker's error in a traceback and ends a killed worker with a fatal SystemError. Here
each worker has a pipe of its own, whose end tells at once that the worker is gone.
"""

import contextlib
import mmap
import multiprocessing
import signal
import sys
import traceback

import numpy as np

from ..errors import DataError, PPMobileError

AHEAD = 2  # batches that a worker makes before the first of them is fetched
TOLD_AS_THEY_ARE = (PPMobileError, OSError, MemoryError)


def available():
    """Whether workers can be forked: Windows cannot, and on a Mac the system's libraries do not survive it."""
    return sys.platform.startswith("linux")


def from_workers(make, jobs, count, nbytes):
    """Yield make(job), a dict with an array `image`, for each of `jobs` in order; `count` forked workers make them.

    nbytes: size of the largest image array that travels through shared memory; a larger one takes the slower pipe.
    An error of `make` is raised here: a PPMobileError, OSError or MemoryError as it is, others as RuntimeError with
    the worker's traceback. DataError if a worker was killed. All workers are gone when the iteration ends, or when
    this process does.
    """
    workers = []
    try:
        for number in range(min(count, len(jobs))):
            others = [worker.pipe for worker in workers]
            workers.append(_Worker(make, jobs[number::count], nbytes, others))
        for turn in range(len(jobs)):
            yield workers[turn % count].fetch()
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """One process and this side of its pipe.

    Anonymous shared memory rather than /dev/shm, which containers and notebooks limit to a few megabytes.
    """

    def __init__(self, make, jobs, nbytes, others):
        self.slots = [mmap.mmap(-1, max(1, nbytes)) for _ in range(AHEAD)]
        self.turn, self.total = 0, len(jobs)
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        inherited = [*others, self.pipe]
        self.process = context.Process(target=_work, args=(make, jobs, theirs, self.slots, inherited), daemon=True)
        self.process.start()
        theirs.close()

    def fetch(self):
        """The next batch of this worker."""
        try:
            batch, shape, kind = self.pipe.recv()
        except (EOFError, OSError):
            raise DataError(f"a data worker died ({self.reason()}); try a smaller data.workers") from None
        if isinstance(batch, Exception):
            raise batch
        if shape:
            slot = self.slots[self.turn % AHEAD]
            batch["image"] = np.frombuffer(slot, kind, int(np.prod(shape))).reshape(shape).copy()
        if self.turn + AHEAD < self.total:
            with contextlib.suppress(OSError):  # it is gone: the next fetch tells why
                self.pipe.send_bytes(b"the slot is free")
        self.turn += 1
        return batch

    def reason(self):
        """Why the process ended, as far as its exit status tells."""
        self.process.join()
        killed = self.process.exitcode == -signal.SIGKILL
        return "out of memory?" if killed else f"exit status {self.process.exitcode}"

    def end(self):
        """Kill the process, which holds nothing worth saving, and wait until it is gone."""
        self.pipe.close()
        self.process.kill()
        self.process.join()


def _work(make, jobs, pipe, slots, inherited):
    """The life of a worker: all its jobs, no more than AHEAD of them unfetched."""
    import cv2

    for other in inherited:  # or this process would keep a pipe open whose end must tell that the trainer is gone
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the training process's affair
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    cv2.setNumThreads(0)  # one process a core is the plan
    with contextlib.suppress(EOFError, OSError):  # the training process is gone
        for turn, job in enumerate(jobs):
            if turn >= AHEAD:
                pipe.recv_bytes()
            pipe.send(_answer(make, job, slots[turn % AHEAD]))


def _answer(make, job, slot):
    """What goes through the pipe: (batch without its image, shape, dtype), the whole batch, or an error."""
    try:
        batch = make(job)
    except TOLD_AS_THEY_ARE as error:
        return error, None, None
    except Exception:
        return RuntimeError(f"in a data worker: {traceback.format_exc()}"), None, None
    image = batch["image"]
    if image.nbytes > len(slot):
        return batch, None, None
    np.frombuffer(slot, image.dtype, image.size).reshape(image.shape)[...] = image
    return {name: value for name, value in batch.items() if name != "image"}, image.shape, image.dtype.str
