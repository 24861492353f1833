"""Whole folders at once: built beside their place, then swapped in, so that nobody ever sees half of one."""

import contextlib
import ctypes
import os
import shutil
import sys
import uuid
from pathlib import Path

from .files import explain_os_errors

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux's renameat2(2)


@contextlib.contextmanager
def atomic_folder(path):
    """Give an empty temporary folder beside `path`; when the block succeeds it takes the place of `path`.

    An older folder at `path` is replaced as a whole, and stays as it is after any error; a link is followed. What a
    killed process left is a hidden folder .NAME.tmp-... that nobody reads.
    """
    path = Path(path).resolve()
    temporary = path.with_name(f".{path.name[:40]}.tmp-{uuid.uuid4().hex[:12]}")
    with explain_os_errors(path):
        try:
            temporary.mkdir(parents=True)
            yield temporary
            if path.exists():
                _exchange(temporary, path)
            else:
                os.replace(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _exchange(one, other):
    """Swap two folders, in one step where the system can (Linux), else in two."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        names = os.fsencode(one), os.fsencode(other)
        if hasattr(libc, "renameat2") and not libc.renameat2(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE):
            return
    aside = one.with_name(f"{one.name}.old")
    os.replace(other, aside)
    os.replace(one, other)
    os.replace(aside, one)
