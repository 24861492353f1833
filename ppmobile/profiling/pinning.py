"""Cores to measure on: one a thread, on cores of their own, so that the scheduler does not move a run about."""

import os
import re
from pathlib import Path


def pin(threads):
    """Keep this process, and threads that it starts from now on, on `threads` processors.

    Returns their numbers; [], with nothing done, where the system cannot do that or has too few.
    """
    if not hasattr(os, "sched_setaffinity"):
        return []
    chosen = choose(sorted(os.sched_getaffinity(0)), threads, core_of)
    if chosen:
        os.sched_setaffinity(0, chosen)
    return chosen


def choose(processors, threads, core):
    """`threads` of the processors, the last ones, of different cores as far as they go; [] if there are too few.

    core: function from a processor to what its core's other hyper-thread shares. The last, because systems put
    interrupts and whatever starts first on the first.
    """
    if len(processors) < threads:
        return []
    seen, first, second = set(), [], []
    for number in reversed(processors):
        (second if core(number) in seen else first).append(number)
        seen.add(core(number))
    return sorted([*first, *second][:threads])


def core_of(processor):
    """The processors that share the core of this one, as a text, such as "0,4"."""
    file = Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
    try:
        return re.sub(r"\s", "", file.read_text(encoding="utf-8"))
    except OSError:
        return str(processor)
