"""The memory that a runtime takes, alone with its graph and inside a predictor: peaks of fresh processes."""

import json
import re
import subprocess
import sys
from pathlib import Path

from .. import lite_python
from ..artefact import golden
from ..engine.launch import environment
from ..errors import ExportError
from ..predict.runtimes.needs import FILES
from ..wording import reason
from .sample import shape_for

RUNS = 20  # after which all buffers have been allocated
BARE = Path(__file__).with_name("bare.py")
PREDICTOR = """
import sys
import ppmobile
predictor = ppmobile.load(sys.argv[1], runtime=sys.argv[2], threads=int(sys.argv[3]))
for _ in range(int(sys.argv[4])):
    predictor.predict(sys.argv[5])
sys.stderr.write("\\nready\\n")
sys.stderr.flush()
sys.stdin.readline()
"""


def measure(artefact, name, threads=1):
    """(peak_mib, predictor_mib): the peak of a process that runs the graph with the bare library, and what one adds
    that predicts the golden picture with ppmobile; both in MiB, None where the system does not tell.

    The peak is that of the resident set (VmHWM of Linux), with processes that it started, whose common pages count
    once. ExportError if one fails.
    """
    if not Path("/proc/self/status").is_file():
        return None, None
    picture = artefact.path(golden(artefact.folder)["picture"])
    whole = [sys.executable, "-c", PREDICTOR, str(artefact.folder), name, str(threads), str(RUNS), str(picture)]
    alone, both = graph_peak(artefact, name, threads), peak_of(whole)
    return alone, None if alone is None or both is None else round(both - alone, 1)


def graph_peak(artefact, name, threads=1):
    """The first of the two figures of `measure` alone."""
    files = [str(artefact.path(file)) for file in FILES[name]]
    arguments = [name, str(threads), str(RUNS), json.dumps(shape_for(artefact)), *files]
    # Paddle Lite may live in another Python
    bare = lite_python.command(BARE, *arguments) if name.startswith("lite") else [sys.executable, BARE, *arguments]
    return peak_of(bare) if Path("/proc/self/status").is_file() else None


def peak_of(command):
    """The peak of the resident set, in MiB, of a process that says "ready" on its standard error and waits.

    None where the system does not tell; ExportError if the process ends before.
    """
    with subprocess.Popen([str(word) for word in command], env=environment(OMP_NUM_THREADS="1"), stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, encoding="utf-8",
                          errors="replace") as process:
        said = []
        for line in process.stderr:
            if line.strip() == "ready":
                break
            said.append(line)
        else:
            raise ExportError(f"measuring memory failed: {reason(''.join(said)) or 'the process ended'}")
        total = together(family(process.pid))
        process.communicate("\n")
    return None if total is None else round(total / 2**20, 1)


def family(process):
    """The numbers of a process and of all that it started, on Linux."""
    found = [process]
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        for child in file.read_text(encoding="utf-8").split():
            found += family(int(child))
    return found


def together(processes):
    """Bytes of the peaks of several processes, with the pages that they share (the same libraries) counted once.

    None where the system does not tell; what is shared matters only if there are several.
    """
    peaks = [peak(process) for process in processes]
    shares = [shared(process) for process in processes] if len(processes) > 1 else [0]
    return None if None in peaks + shares else sum(peaks) - sum(shares) + max(shares)


def shared(process):
    """Bytes of a process's resident pages that others have mapped, too; None where the system does not tell."""
    return kilobytes(f"/proc/{process}/smaps_rollup", r"^Shared_(?:Clean|Dirty):\s*(\d+)")


def peak(process):
    """Bytes of the peak of a process's resident set, or None. getrusage would not do: a child inherits its parent's."""
    return kilobytes(f"/proc/{process}/status", r"^VmHWM:\s*(\d+)")


def kilobytes(file, pattern):
    """Bytes, the sum of what the pattern finds in a file of /proc; None without that file (old kernels) or line."""
    try:
        found = re.findall(pattern, Path(file).read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return 1024 * sum(map(int, found)) if found else None
