"""Keeps the chatter of C++ libraries off the terminal while a model loads."""

import contextlib
import ctypes
import os
import sys
import threading

_TURN = threading.RLock()  # two threads that swap the same descriptors would restore the wrong ones


@contextlib.contextmanager
def quiet():
    """Inside, whatever the process writes to the descriptors 1 and 2 goes nowhere.

    That includes other threads' output, so keep the block short. Without such descriptors nothing is done.
    """
    with _TURN, contextlib.ExitStack() as stack:
        try:
            old = [os.dup(1), os.dup(2)]  # first, or the file below would get the number of a closed one
            nowhere = stack.enter_context(open(os.devnull, "wb"))
        except OSError:  # no terminal at all: then noise does no harm either
            yield
            return
        _flush()
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            for number, descriptor in enumerate(old, 1):
                os.dup2(descriptor, number)
                os.close(descriptor)


def _flush():
    """Empty Python's buffers and those of the C library, which otherwise print after the block."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            stream.flush()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # CDLL(None) is POSIX
        ctypes.CDLL(None).fflush(None)
