"""Finds a Python that can import paddlelite, whose wheels fit one Python version only; this one, or a second one."""

import functools
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from . import child
from .errors import ExportError

VARIABLE = "PPMOBILE_LITE_PYTHON"
PACKAGES = 'pip install paddlelite==2.13rc0 "numpy<2"'
_PROBE = "import numpy, paddlelite.lite; print('numpy', numpy.__version__)"


def interpreter():
    """Path of a Python that can import paddlelite, found once a process; ExportError says how to get one.

    The order: $PPMOBILE_LITE_PYTHON, which must work if it is set; this Python; a python3.10 of PATH or of pyenv.
    """
    chosen = os.environ.get(VARIABLE, "").strip()
    found, problem = _search(chosen, os.environ.get("PATH", ""))
    if problem:
        raise ExportError(problem)
    return found


def command(script, *arguments):
    """The command that runs a script of ours, which needs numpy and paddlelite only, with `interpreter()`."""
    python = interpreter()
    return [python, *_flags(python), script, *arguments]


@functools.cache
def _search(chosen, path):
    """(python, "") or ("", what is wrong); cached, for each trial starts a process."""
    if chosen:
        python = os.path.expanduser(chosen)
        reason = refusal(python)
        return python, reason and f"{VARIABLE}={chosen}: {reason}; it must be a Python 3.10 with {PACKAGES}"
    refused = []
    for python in _candidates(path):
        reason = refusal(python)
        if not reason:
            return python, ""
        refused.append(f" ({python}: {reason})")
    return "", ("Paddle Lite needs paddlelite, which is made for Python 3.10: there `pip install ppmobile[lite]`; "
                f"beside another Python make an environment of 3.10 with {PACKAGES} and set {VARIABLE} to its python"
                + "".join(refused[:1]))  # the first is the one that was most likely meant


def _candidates(path):
    if importlib.util.find_spec("paddlelite"):
        yield sys.executable
    found = shutil.which("python3.10", path=path)
    if found:
        yield found
    home = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from (str(p) for p in sorted(home.glob("versions/3.10*/bin/python")))


def refusal(python):
    """Why the program `python` cannot run Paddle Lite, in one line, or ''."""
    try:
        status, text = child.run([python, *_flags(python), "-c", _PROBE])
    except OSError as error:
        return error.strerror or str(error)
    if status:
        return child.ending(status, text)
    version = text.split("numpy")[-1].strip()
    if not version.startswith(("0.", "1.")):  # it only warns, and then computes nonsense
        return f"paddlelite gives wrong numbers with NumPy {version}"
    return ""


def _flags(python):
    """Options before the script: another Python must not see what PYTHONPATH holds for this one."""
    return [] if python == sys.executable else ["-E"]
