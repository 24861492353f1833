"""Processors to measure on: of different cores first, the last ones first."""

import os
import subprocess
import sys

import pytest

from ppmobile.engine.launch import environment
from ppmobile.profiling.pinning import choose, core_of

# eight processors of four cores, numbered as Linux does it on Intel's (0 and 4 share a core) and on cloud machines
INTEL, CLOUD = (lambda n: n % 4), (lambda n: n // 2)


@pytest.mark.parametrize(("processors", "threads", "core", "expected"), [
    (range(8), 1, INTEL, [7]), (range(8), 4, INTEL, [4, 5, 6, 7]), (range(8), 2, CLOUD, [5, 7]),
    (range(8), 5, CLOUD, [1, 3, 5, 6, 7]), ([2, 3], 2, CLOUD, [2, 3]), ([5], 2, INTEL, []),
])
def test_choice(processors, threads, core, expected):
    assert choose(list(processors), threads, core) == expected


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not pin processes")
def test_pinning_a_process():
    script = "import os; from ppmobile.profiling.pinning import pin; assert set(pin(1)) == os.sched_getaffinity(0)"
    assert subprocess.run([sys.executable, "-c", script], env=environment(), check=False).returncode == 0
    assert core_of(0)
