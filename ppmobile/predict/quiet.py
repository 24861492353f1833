"""Keeps the C++ libraries' chatter off the terminal while a model loads, and their last words for an error message."""

import contextlib
import ctypes
import os
import sys
import tempfile
import threading

_TURN = threading.RLock()  # two threads that swap the same descriptors would restore the wrong ones


class Said:
    """What was printed inside a `quiet` block; `text` is complete when the block has ended."""

    text = ""

    @property
    def last(self):
        """The last line that says something, or ''."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        return lines[-1] if lines else ""


@contextlib.contextmanager
def quiet():
    """Inside, whatever the process writes to the descriptors 1 and 2 is kept in the Said that this gives.

    That includes other threads' output, so keep the block short. Without such descriptors nothing is caught.
    """
    said = Said()
    with _TURN, contextlib.ExitStack() as stack:
        try:
            kept = stack.enter_context(tempfile.TemporaryFile())
            old = [os.dup(1), os.dup(2)]
        except OSError:  # no terminal at all, or no place for a temporary file: then noise does no harm either
            yield said
            return
        _flush()
        os.dup2(kept.fileno(), 1)
        os.dup2(kept.fileno(), 2)
        try:
            yield said
        finally:
            _flush()
            for number, descriptor in enumerate(old, 1):
                os.dup2(descriptor, number)
                os.close(descriptor)
            kept.seek(0)
            said.text = kept.read().decode("utf-8", "replace")


def _flush():
    """Empty Python's buffers and those of the C library, which otherwise print after the block."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # CDLL(None) is POSIX
        ctypes.CDLL(None).fflush(None)
