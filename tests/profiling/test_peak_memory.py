"""Peak memory of fresh processes, and what a predictor adds to the bare library."""

import subprocess
import sys
from pathlib import Path

import pytest

from ppmobile.artefact import read
from ppmobile.errors import ExportError
from ppmobile.profiling.memory import BARE, family, measure, peak_of

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="only Linux tells the peak")
WAIT = "import sys; sys.stderr.write('ready\\n'); sys.stderr.flush(); sys.stdin.readline()"


def test_the_peak_is_that_of_the_process_not_of_its_parent():
    ballast = b"x" * 300_000_000  # a child forked from here would inherit this peak in getrusage
    small = peak_of([sys.executable, "-c", WAIT])
    large = peak_of([sys.executable, "-c", f"x = b'x' * 100_000_000; del x; {WAIT}"])
    assert len(ballast) and small < 60
    assert 90 < large - small < 110  # 100 MB are 95 MiB


def test_children_count():
    script = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=-1); {WAIT}"
    with subprocess.Popen([sys.executable, "-c", script], stdin=-1, stderr=-1) as process:
        process.stderr.readline()
        assert len(family(process.pid)) == 2
        process.communicate(b"\n")


def test_a_process_that_fails_is_told():
    with pytest.raises(ExportError, match="measuring memory failed: ZeroDivisionError"):
        peak_of([sys.executable, "-c", "1 / 0"])


def test_bare_imports_nothing_of_ours():
    text = BARE.read_text(encoding="utf-8")
    assert "from ." not in text and "import ppmobile" not in text


def test_a_predictor_costs_little_more_than_the_library(exported):
    pytest.importorskip("openvino")
    peak, more = measure(read(exported), "openvino-fp32")
    assert 30 < peak < 400 and more < 60  # the bound of issue 3, "Done when" 7
