"""Worker processes: the same batches, the same errors as without them, and nobody left when it is over."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ppmobile.data.workers import AHEAD, available, from_workers
from ppmobile.errors import DataError

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not available(), reason="workers need Linux")


def square(job):
    """A batch that names its job and the process that made it."""
    return {"image": np.full((2, 3), job * job, np.float32), "job": job, "maker": os.getpid()}


def alive(pid):
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(autouse=True)
def nobody_is_left():
    """After each test all children are gone, without waiting for them."""
    yield
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("jobs", [0, 1, 3, 11])
@pytest.mark.parametrize("nbytes", [24, 4])  # room for the image in shared memory, and too little
def test_all_batches_come_in_order(count, jobs, nbytes):
    batches = list(from_workers(square, list(range(jobs)), count, nbytes))
    assert [batch["job"] for batch in batches] == list(range(jobs))
    assert all((batch["image"] == i * i).all() and batch["image"].dtype == np.float32
               for i, batch in enumerate(batches))  # all kept: no slot is written again under a batch
    assert len({batch["maker"] for batch in batches}) == min(count, jobs)


def test_a_worker_is_not_further_ahead_than_its_slots(tmp_path):
    def note(job):
        (tmp_path / str(job)).touch()
        return square(job)

    source = from_workers(note, list(range(10)), 1, 24)
    next(source)
    deadline = time.monotonic() + 10
    while len(list(tmp_path.iterdir())) < AHEAD + 1 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0", "1", "2"]
    source.close()


@pytest.mark.parametrize("error, kind, words", [
    (DataError("图.png: broken"), DataError, r"^图.png: broken$"),
    (MemoryError("64 GiB"), MemoryError, "^64 GiB$"),
    (FileNotFoundError(2, "gone", "a.jpg"), FileNotFoundError, "a.jpg"),
    (KeyError("bug"), RuntimeError, r"(?s)in a data worker: Traceback.*in fail.*KeyError: 'bug'"),
])
def test_an_error_arrives_when_its_batch_is_due(error, kind, words):
    def fail(job):
        if job == 3:
            raise error
        return square(job)

    source = from_workers(fail, list(range(9)), 2, 24)
    assert [next(source)["job"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(kind, match=words):
        next(source)


@pytest.mark.parametrize("end, words", [(lambda: os.kill(os.getpid(), signal.SIGKILL), "out of memory?"),
                                        (lambda: os._exit(7), "exit status 7")])
def test_a_worker_that_dies_is_told_in_one_line(end, words):
    def die(job):
        if job == 3:
            end()
        return square(job)

    source = from_workers(die, list(range(9)), 2, 24)
    assert [next(source)["job"] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(DataError) as told:
        next(source)
    assert str(told.value) == f"a data worker died ({words}); try a smaller data.workers"


def test_an_iteration_that_is_left_early_leaves_no_worker():
    source = from_workers(square, list(range(100)), 3, 24)
    makers = {next(source)["maker"] for _ in range(6)}
    assert len(makers) == 3 and all(map(alive, makers))
    source.close()
    assert not any(map(alive, makers))


def test_workers_end_when_the_training_process_is_killed():
    code = ("import os, numpy as np\nfrom ppmobile.data.workers import from_workers\n"
            "source = from_workers(lambda job: {'image': np.zeros(1), 'pid': os.getpid()}, range(1000), 2, 8)\n"
            "print(next(source)['pid'], next(source)['pid'], flush=True)\nos.kill(os.getpid(), 9)")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    makers = [int(word) for word in done.stdout.split()]
    assert done.returncode == -signal.SIGKILL and len(makers) == 2, done.stderr
    deadline = time.monotonic() + 10
    while any(map(alive, makers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(alive, makers))
