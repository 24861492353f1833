"""runtime="auto": the fastest runtime that answers rightly on this machine, measured once and remembered."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .. import __version__, child
from ..artefact import VERIFY
from ..doctor import cpu, installed
from ..errors import ExportError, PPMobileError
from ..files import write_json
from ..home import cache_home
from .runtimes import NAMES, status

# what may change a runtime's speed or answers
PACKAGES = ("paddlepaddle", "paddlepaddle-gpu", "onnxruntime", "openvino", "paddlelite", "numpy")
# On x86 it takes three times as long as Paddle (PP-LCNet x1.0), and to look for its Python costs half a second.
LAST_RESORT = "lite-fp32"
TIME_LIMIT = 600  # seconds for one trial process
ROOT = Path(__file__).resolve().parents[2]


def choose(artefact, threads=1):
    """(name, why) of the fastest runtime for an Artefact; `why` tells the times of all in a line.

    Candidates are those that can be used here and passed `ppmobile verify` on this machine; a runtime on which
    verify.json says nothing valid has to prove itself on the golden sample (replay.py). Paddle Lite is asked only if
    there is no other.
    ExportError if none is left.
    """
    reasons = {name: status(name, artefact) for name in NAMES if name != LAST_RESORT}
    usable = [name for name in reasons if not reasons[name]]
    if not usable:
        reasons[LAST_RESORT] = status(LAST_RESORT, artefact)
        usable = [LAST_RESORT] if not reasons[LAST_RESORT] else []
    verdicts = verified(artefact)
    reasons.update({name: f"failed verify: {verdicts[name]['reason']}" for name in usable
                    if name in verdicts and not verdicts[name]["passed"]})
    trusted = [name for name in usable if name in verdicts and not reasons[name]]
    unproven = [name for name in usable if name not in verdicts]
    times, failures = _remembered(artefact, threads, trusted, unproven)
    failures = {**{name: reasons[name] for name in usable if reasons[name]}, **failures}
    if not times:
        told = failures or {name: reason for name, reason in reasons.items() if reason}
        raise ExportError(f"{artefact.folder}: no runtime can be used here: "
                          + "; ".join(f"{name}: {reason}" for name, reason in list(told.items())[:2]))
    order = sorted(times, key=times.get)
    wrong = [f"{name} left out ({reason})" for name, reason in failures.items()]
    return order[0], "; ".join([*(f"{name} {times[name]:.2f} ms" for name in order), *wrong])


def verified(artefact):
    """{name: {"passed", "reason", ...}} of verify.json; {} unless it is about these files, machine and versions."""
    try:
        found = json.loads(artefact.path(VERIFY).read_text(encoding="utf-8"))
        model, features = cpu()
        same = (found["artefact"] == artefact.digest and found["machine"]["cpu"] == model
                and set(found["machine"]["features"]) == set(features or ())
                and all(installed(name) == version for name, version in found["versions"].items() if name in PACKAGES))
        return {name: {"passed": one["passed"], "reason": one.get("reason", "")}
                for name, one in found["runtimes"].items()} if same else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):  # none, or not one of ours
        return {}


def _remembered(artefact, threads, trusted, unproven):
    """(times, failures) from the cache, or measured now: {name: ms} and {name: reason}."""
    model, features = cpu()
    facts = [__version__, artefact.digest, model, sorted(features or ()), threads, trusted, unproven,
             list(sys.version_info[:2]), [installed(name) for name in PACKAGES]]
    key = hashlib.sha256(json.dumps(facts).encode("utf-8")).hexdigest()[:32]
    file = cache_home() / "runtimes" / f"{key}.json"
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {name: float(ms) for name, ms in found["times"].items()}, dict(found["failures"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    times, failures, crashes = measure(artefact, threads, trusted, unproven)
    failures = {**failures, **crashes}
    if crashes or not times:  # the next time all may go well
        return times, failures
    with contextlib.suppress(PPMobileError, OSError):  # a cache that cannot be written costs time, no more
        write_json(file, {"times": times, "failures": failures})
    return times, failures


def measure(artefact, threads, trusted, unproven):
    """({name: median ms}, {name: why not}, {name: how its process ended}) of runtimes tried in processes of their own.

    Those in `trusted` need not prove that they are right. A runtime that kills the process is left out of the next.
    ExportError if the golden sample itself cannot be replayed.
    """
    times, failures, crashes = {}, {}, {}
    left = [*trusted, *unproven]
    while left:
        task = {"folder": str(artefact.folder.absolute()), "threads": threads,
                "trusted": [name for name in trusted if name in left],
                "unproven": [name for name in unproven if name in left]}
        ended, findings, begun = _trial(task)
        failures.update({one["name"]: one["reason"] for one in findings if "reason" in one})
        if not ended or set(left) == {one["name"] for one in findings}:  # what comes after the last finding is nothing
            times = {one["name"]: one["ms"] for one in findings if "ms" in one}
            break
        crashes.update(dict.fromkeys([begun] if begun else left, ended))  # before the first, it is the fault of none
        left = [name for name in left if name not in failures and name not in crashes]
    return times, failures, crashes


def _trial(task):
    """('' or how the process ended badly, what it found on runtimes, the one it touched last)."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "findings"
        path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
        command = [sys.executable, "-m", "ppmobile.predict.trial", json.dumps(task), str(file)]
        try:
            done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, timeout=TIME_LIMIT,
                                  stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace",
                                  check=False)
            failed = f"its process failed: {child.ending(done.returncode, done.stderr)}"
            ended = failed if done.returncode else ""
        except subprocess.TimeoutExpired:
            ended = f"it takes longer than {TIME_LIMIT} s"
        except OSError as error:
            ended = f"no process to try it in: {error}"
        lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    findings = [json.loads(line) for line in lines if line.endswith("}")]
    problem = next((one["problem"] for one in findings if "problem" in one), "")
    if problem:
        raise ExportError(f"no runtime can be tried: {problem}")
    begun = [one["begin"] for one in findings if "begin" in one]
    return ended, [one for one in findings if "name" in one], begun[-1] if begun else ""
