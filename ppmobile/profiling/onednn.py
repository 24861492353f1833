"""What oneDNN did in a run of a Paddle graph, and how long each primitive took: its own report, read and averaged."""

import re
import subprocess
import sys
from typing import NamedTuple

from ..engine.launch import environment
from ..errors import ExportError
from ..wording import reason

RUNTIMES = ("paddle-fp32", "paddle-bf16", "paddle-int8")
MARK = "ppmobile run"  # printed between the runs
WARM_UP = 3  # runs in which weights are reordered and memory is allocated
_CONVOLUTION = re.compile(r"(?:g(\d+))?mb\d+_ic(\d+)oc(\d+)_(?:id\d+od\d+\w*?_)?ih(\d+)oh(\d+)kh(\d+)")
_LINEAR = re.compile(r"mb\d+ic(\d+)(?:id\d+)?(?:ih(\d+)iw(\d+))?oc(\d+)")
_POOLING = re.compile(r"mb\d+ic(\d+)_(?:id\d+\w*?_)?ih(\d+)oh(\d+)")


class Primitive(NamedTuple):
    """One primitive of oneDNN. kind: oneDNN's word, such as "convolution" or "reorder". key: as Operator.key.

    type: of the numbers it reads: "f32", "bf16", "s8", "u8". ms: milliseconds.
    """

    kind: str
    key: tuple
    type: str
    ms: float


def report(folder, runtime, threads=1, runs=30):
    """The Primitives of one run of an artefact's graph, in order; ms is the quiet value (`quiet`) of `runs` runs.

    A process of its own runs it, since oneDNN writes its report on the standard output, from C++. ExportError if
    it fails, or says nothing.
    """
    command = [sys.executable, "-m", "ppmobile.profiling.onednn_run", str(folder), runtime, str(threads),
               str(WARM_UP + runs)]
    env = environment(ONEDNN_VERBOSE="profile_exec", OMP_NUM_THREADS=str(threads))
    done = subprocess.run(command, capture_output=True, env=env, encoding="utf-8", errors="replace")
    if done.returncode:
        raise ExportError(reason(done.stderr, 400) or f"{runtime} ended with status {done.returncode} on {folder}")
    found = typical([parse_run(text) for text in done.stdout.split(MARK)[1 + WARM_UP:]])
    if not found:
        raise ExportError(f"{folder}: {runtime} ran without oneDNN, so there are no times of its layers")
    return found


def typical(runs):
    """The Primitives of several runs as one, each with its quiet ms; runs that differ from the usual are left out."""
    by_order = {}
    for run in runs:
        by_order.setdefault(tuple(primitive.key for primitive in run), []).append(run)
    usual = max(by_order.values(), key=len, default=[])
    return [same[0]._replace(ms=quiet([one.ms for one in same])) for same in zip(*usual)]


def quiet(ms):
    """The 10th percentile of some times. Other programs only ever add time, and to a whole run more often than to a
    primitive, so that medians of both would not fit together.
    """
    return sorted(ms)[(len(ms) - 1) // 10]


def parse_run(text):
    """The Primitives that the lines of `text` tell of."""
    return [found for found in map(parse, text.splitlines()) if found]


def parse(line):
    """The Primitive of one line of oneDNN's report (3.x), None for other lines.

    Its fields: onednn_verbose, version, "primitive", "exec", engine, kind, implementation, propagation, tensors,
    attributes, auxiliary, sizes, milliseconds.
    """
    fields = line.strip().split(",")
    if len(fields) < 10 or fields[0] != "onednn_verbose" or "exec" not in fields[:5]:
        return None
    start = fields.index("exec")
    try:
        ms = float(fields[-1])
    except ValueError:  # cut off
        return None
    kind, tensors, auxiliary, sizes = fields[start + 2], fields[start + 5], fields[-3], fields[-2]
    numbers = re.search(r"(?:src|data)\w*:(\w+):", tensors)
    return Primitive(kind, _key(kind, auxiliary, sizes), numbers[1] if numbers else "", ms)


def _key(kind, auxiliary, sizes):
    """The key that operators are compared by, such as ("convolution", groups, in, out, height, height, kernel)."""
    if kind in ("convolution", "deconvolution"):
        found = _CONVOLUTION.match(sizes)
        return (kind, *(int(n or 1) for n in found.groups())) if found else (kind, sizes)
    if kind == "inner_product":
        found = _LINEAR.match(sizes)
        if not found:
            return kind, sizes
        channels, height, width, out = (int(n or 1) for n in found.groups())
        return "linear", channels * height * width, out
    if kind == "matmul":
        left, right = (_numbers(part) for part in sizes.split(":")[:2])
        return "linear", left[-1], right[-1]
    if kind == "pooling":
        found = _POOLING.match(sizes)
        return (kind, *map(int, found.groups())) if found else (kind, sizes)
    if kind == "binary":
        algorithm = re.search(r"binary_(\w+)", auxiliary)
        return (f"binary {algorithm[1] if algorithm else ''}", *_broadcast(sizes))
    return (kind, *_numbers(sizes))


def _numbers(sizes):
    return tuple(int(n) for n in re.findall(r"\d+", sizes))


def _broadcast(sizes):
    """The larger of each size of two shapes, "1x16x56x56:1x16x1x1"."""
    shapes = [_numbers(part) for part in sizes.split(":")[:2]]
    return tuple(max(sides) for sides in zip(*shapes))


def supported(runtime):
    """ExportError unless the layers of this runtime can be timed."""
    if runtime not in RUNTIMES:
        raise ExportError(f"{runtime} does not tell the time of its layers; --runtime takes {', '.join(RUNTIMES)}")
