"""Start a group of training processes on this machine and watch over them: they all go on, or all end."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 5.0  # seconds that the others have to notice that one has died, and to say why themselves


def supervise(count, arguments):
    """Run `python -m ppmobile ARGUMENTS` as `count` processes that form a group; returns the exit status.

    The first process writes to this terminal, the others to files in a temporary folder. Ctrl-C is handed on to all.
    If one dies, the others are ended, and the status is that of the first, or 2 with a line that names the file of
    the one that died; only then are these files kept.
    """
    log_folder = Path(tempfile.mkdtemp(prefix="ppmobile-"))
    ends = _free_ends(count)
    children = [_child(number, count, arguments, log_folder, ends) for number in range(count)]
    restore = _hand_on_interrupts(children)
    try:
        status, dead = _wait(children)
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
            child.wait()
        restore()
    if dead is None:
        shutil.rmtree(log_folder, ignore_errors=True)
    else:
        log = f": see {log_folder / f'rank_{dead}.log'}" if dead else ""
        sys.stderr.write(f"ppmobile: training process {dead} ended with status {children[dead].returncode}{log}\n")
    return status


def environment(**more):
    """The environment of a Python process that can import this package from wherever it is started."""
    path = os.pathsep.join(filter(None, [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, **more}


def follow_parent():
    """In a child of `supervise`: end when the parent is gone, even if it was killed."""
    parent = os.environ.get("PPMOBILE_PARENT")
    if parent and int(parent) == os.getppid():
        threading.Thread(target=_end_with, args=(int(parent),), daemon=True).start()


def _end_with(parent):
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(2)


def _child(number, count, arguments, log_folder, ends):
    env = environment(
        PADDLE_TRAINER_ID=str(number), PADDLE_TRAINERS_NUM=str(count), PADDLE_TRAINER_ENDPOINTS=",".join(ends),
        PADDLE_CURRENT_ENDPOINT=ends[number], PADDLE_MASTER=ends[0], PADDLE_DISTRI_BACKEND="gloo",
        OMP_NUM_THREADS=os.environ.get("OMP_NUM_THREADS", "1"), PPMOBILE_PARENT=str(os.getpid()))
    command = [sys.executable, "-m", "ppmobile", *arguments]
    # a session of their own: a terminal's Ctrl-C would reach them twice, and twice means "do not save"
    if number == 0:
        return subprocess.Popen(command, env=env, start_new_session=True)
    with open(log_folder / f"rank_{number}.log", "w", encoding="utf-8") as log:
        return subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)


def _hand_on_interrupts(children):
    """Send Ctrl-C on to all children; returns what undoes that."""
    def hand_on(number, frame):
        sys.stderr.write("\nppmobile: Ctrl-C, stopping all processes\n")
        for child in children:
            if child.poll() is None:
                child.send_signal(number)

    try:
        old = signal.signal(signal.SIGINT, hand_on)
    except ValueError:  # not in the main thread
        return lambda: None
    return lambda: signal.signal(signal.SIGINT, old)


def _wait(children):
    """(status of the group, number of the process that died without a word to the user, or None)."""
    while True:
        statuses = [child.poll() for child in children]
        if all(status == 0 for status in statuses):
            return 0, None
        if any(statuses):  # neither running nor 0
            return _after_a_death(children)
        time.sleep(0.1)


def _after_a_death(children):
    """As _wait, when the others have had a moment to end by themselves."""
    dead = next(number for number, child in enumerate(children) if child.poll())
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and any(child.poll() is None for child in children):
        time.sleep(0.1)
    first = children[0].poll()
    return (2, dead) if first is None or first <= 0 else (first, None)  # above 0: the first has told the reason


def _free_ends(count):
    """Addresses of free ports on this machine."""
    sockets = [socket.socket() for _ in range(count)]
    for item in sockets:
        item.bind(("127.0.0.1", 0))
    ends = [f"127.0.0.1:{item.getsockname()[1]}" for item in sockets]
    for item in sockets:
        item.close()
    return ends
