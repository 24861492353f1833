"""Programs that may abort are run as processes of their own; here is how they ended and what they said last."""

import re
import signal
import subprocess

# the prefix of glog's and Paddle Lite's messages, and the lines that say why a program gave up
_PREFIX = re.compile(r"^\[[A-Z]+ [^]]*\]\s*|^\[ERROR\]\s*(\[\w+\]\s*)?|^Error:\s*")
_TELLING = re.compile(r"^\[F |^\[ERROR\]|\w*Error: |^error: ")
_EMPTY = ("FatalError: `Process abort signal`", "FatalError: `Segmentation fault`")  # Paddle's account of any abort


def run(command, env=None):
    """(exit status, all that was printed) of a command, a list of words; OSError if it cannot be started.

    env: the environment, by default that of this process. A negative status is the signal that ended it.
    """
    done = subprocess.run([str(word) for word in command], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False)
    return done.returncode, done.stdout


def ending(status, text):
    """Why a program failed, in one line: the last telling line of its `text`, or else how it ended."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [i for i, line in enumerate(lines) if _TELLING.search(line) and not line.startswith(_EMPTY)]
    if telling:
        said = (_PREFIX.sub("", line) for line in lines[telling[-1]:])  # Lite breaks some lines behind the prefix
        return next((line.rstrip(".") for line in said if line), f"exit status {status}")
    if status >= 0:
        return f"exit status {status}"
    try:
        return f"it was ended by {signal.Signals(-status).name}"
    except ValueError:  # a signal that this system has no name for
        return f"it was ended by signal {-status}"
