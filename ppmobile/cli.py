"""The command line: finds a command by name, runs it, and turns expected errors into one line and exit status 2."""

import importlib
import os
import signal
import sys

from .errors import PPMobileError
from .wording import suggestion

COMMANDS = {
    "train": "train a model from a config",
    "eval": "measure a trained model on a split of the data",
    "export": "write a trained model for CPUs and phones, and prove it",
    "infer": "answer for pictures and videos with a trained model, and draw the answers",
    "check": "scan a data set for files and labels that would harm training",
    "split": "divide an image folder into train, val and test lists",
    "anchors": "find the anchor sizes that fit the boxes of a data set",
    "zoo": "list, fetch and convert pretrained weights",
    "slim": "make a trained model smaller and faster, and measure what it costs",
    "verify": "replay an exported model on every runtime, and find where answers differ",
    "bench": "compare artefacts on every runtime, or measure training speed",
    "profile": "show what each layer costs: MACs, parameters, time",
    "explain": "say what a config key means, its value, and who set it",
    "doctor": "show versions, CPU features and known bad combinations",
}


def main(argv=None):
    """Run `ppmobile COMMAND ...`; returns the exit status: 0 done, 2 a user's error, 130 stopped by Ctrl-C."""
    argv = list(sys.argv[1:] if argv is None else argv)
    os.environ.setdefault("GLOG_minloglevel", "1")  # Paddle's C++ notes on sockets; its warnings stay
    if not argv or argv[0] in ("-h", "--help", "--version"):
        from . import __version__

        return guarded(lambda: print(f"ppmobile {__version__}" if argv[:1] == ["--version"] else usage()))
    if argv[0] not in COMMANDS:
        return fail(f"unknown command {argv[0]!r}.{suggestion(argv[0], COMMANDS)} Known: {', '.join(COMMANDS)}")
    return run(argv[0], argv[1:])


def run(name, argv):
    """Run one command with its arguments."""
    command = importlib.import_module(f"ppmobile.commands.{name}")
    pressed = []

    def interrupt(number, frame):
        pressed.append(number)
        raise KeyboardInterrupt

    try:
        old = signal.signal(signal.SIGINT, interrupt)
    except ValueError:  # not in the main thread
        return guarded(lambda: command.main(argv))
    try:
        return guarded(lambda: command.main(argv))
    except Exception:
        if not pressed:
            raise
        sys.stderr.write("\nppmobile: stopped\n")  # an import of paddle turns Ctrl-C into an error of its own
        return 130
    finally:
        signal.signal(signal.SIGINT, old)


def guarded(work):
    """The exit status of `work()`, with expected errors told in one line; PPMOBILE_TRACEBACK=1 raises them."""
    try:
        status = work() or 0
        sys.stdout.flush()
        return status
    except PPMobileError as error:
        if os.environ.get("PPMOBILE_TRACEBACK"):
            raise
        return fail(f"{type(error).__name__}: {error}")
    except KeyboardInterrupt:
        sys.stderr.write("\nppmobile: stopped\n")
        return 130
    except BrokenPipeError:  # as in `ppmobile zoo list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, MemoryError) as error:  # of the machine, and met where nobody could say more about it
        if os.environ.get("PPMOBILE_TRACEBACK"):
            raise
        reason = "not enough memory" if isinstance(error, MemoryError) else error
        advice = "smaller batches or fewer data.workers take less. " if isinstance(error, MemoryError) else ""
        return fail(f"{type(error).__name__}: {reason}; {advice}PPMOBILE_TRACEBACK=1 shows where it happened")


def fail(message):
    """Print one line on stderr; the exit status of a user's error."""
    sys.stdout.flush()
    sys.stderr.write("ppmobile: " + " ".join(str(message).splitlines()) + "\n")
    return 2


def usage():
    """The overview of all commands."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {meaning}" for name, meaning in COMMANDS.items()]
    return "\n".join(["usage: ppmobile COMMAND [options]      ppmobile COMMAND --help tells more", "", *lines])
