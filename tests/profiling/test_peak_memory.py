"""Peak memory of fresh processes, and what a predictor adds to the bare library."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ppmobile.artefact import read
from ppmobile.errors import ExportError
from ppmobile.profiling import memory
from ppmobile.profiling.memory import BARE, family, measure, peak_of, together

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


@pytest.mark.parametrize("missing", ["smaps_rollup", "status"])
def test_a_system_that_does_not_tell_gives_none(monkeypatch, missing):
    real = Path.read_text

    def read_text(path, **options):
        if path.name == missing:
            raise FileNotFoundError(path)
        return real(path, **options)

    monkeypatch.setattr(Path, "read_text", read_text)
    me = os.getpid()
    assert together([me, me]) is None
    assert (together([me]) is None) == (missing == "status")  # a process alone shares nothing with itself
    assert (peak_of([sys.executable, "-c", WAIT]) is None) == (missing == "status")


def test_a_status_without_the_peak_gives_none(monkeypatch):
    monkeypatch.setattr(Path, "read_text", lambda path, **options: "Name:\tpython\n")  # as of a kernel thread
    assert together([os.getpid()]) is None


@pytest.mark.parametrize(("peaks", "expected"), [((90.0, 120.0), (90.0, 30.0)), ((None, 120.0), (None, None)),
                                                 ((90.0, None), (90.0, None))])
def test_what_is_not_told_is_not_computed_with(exported, monkeypatch, peaks, expected):
    left = list(peaks)
    monkeypatch.setattr(memory, "peak_of", lambda command: left.pop(0))
    assert measure(read(exported), "paddle-fp32") == expected


def test_bare_imports_nothing_of_ours():
    text = BARE.read_text(encoding="utf-8")
    assert "from ." not in text and "import ppmobile" not in text


def test_a_predictor_costs_little_more_than_the_library(exported):
    pytest.importorskip("openvino")
    peak, more = measure(read(exported), "openvino-fp32")
    assert 30 < peak < 400 and more < 60  # the bound of issue 3, "Done when" 7
