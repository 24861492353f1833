"""How fast artefacts run on every runtime: measured in turns, so that noise of the machine hits all alike."""

import contextlib
import statistics

from ..errors import ExportError, PPMobileError
from ..predict.runtimes import NAMES, check_name, check_threads, status
from ..predict.runtimes.needs import FILES
from ..wording import reason as why
from . import memory
from .workers import Worker

BASE = "paddle-fp32"  # what ratios refer to
TURN = 10  # runs that are measured at a turn
WARM_UP = 10  # runs of each before the first turn: memory is allocated, kernels are made
AWAKE = 2  # runs before them that are not: the caches hold another runtime's data


def bench(artefacts, names=NAMES, threads=1, runs=100, dataset=None, say=print):
    """The rows of a benchmark, a dict for each Artefact and runtime; see `row` for its fields.

    names: runtimes. threads: of each run. runs: how often each runs, in turns of 10. dataset: pictures with labels to
    measure the accuracy on, or None. A runtime that cannot run is a row with its `reason`. ExportError for an unknown
    runtime, or threads or runs below 1.
    """
    for name in names:
        check_name(name)
    check_threads(threads)
    if runs < 1:
        raise ExportError(f"--runs: must be at least 1, got {runs}")
    rows = [row(artefact, name) for artefact in artefacts for name in names]
    with contextlib.ExitStack() as stack:
        workers = [start(one, threads, stack, say) for one in rows]
        say(f"running each {runs} times, in turns")
        turns = take_turns(rows, workers, runs)
        if dataset is not None:
            measure_accuracy(rows, workers, dataset, say)
    summarise(rows, turns)
    return rows


def row(artefact, name):
    """A row without measurements: artefact, runtime, reason ("" if it can run), files_mb (10^6 bytes of its files).

    Measured later: median_ms, p10_ms, p90_ms; ratio, how many times as fast as paddle-fp32 of the same artefact;
    noise, the coefficient of variation of the medians of its turns, None for a single one; top1, 0 to 1; peak_mib and
    predictor_mib (memory.py).
    """
    reason = status(name, artefact)
    size = None if reason else round(sum(artefact.path(file).stat().st_size for file in FILES[name]) / 1e6, 2)
    measured = dict.fromkeys(("median_ms", "p10_ms", "p90_ms", "ratio", "noise"))
    return {"artefact": artefact.folder.resolve().name, "folder": str(artefact.folder), "runtime": name, **measured,
            "files_mb": size, "peak_mib": None, "predictor_mib": None, "top1": None, "reason": reason}


def start(one, threads, stack, say=print):
    """The Worker of a row, closed by the ExitStack; None, or one that says so in the row, where it cannot run."""
    if one["reason"]:
        return None
    say(f"loading {one['artefact']} on {one['runtime']}")
    worker = stack.enter_context(Worker(one["folder"], one["runtime"], threads))
    one["reason"] = worker.reason
    return worker


def take_turns(rows, workers, runs):
    """For each row the list of its turns, each a list of milliseconds; a row whose process ends gets its reason."""
    turns = [[] for _ in rows]
    for done in range(0, runs, TURN):
        for place, worker in enumerate(workers):
            if rows[place]["reason"]:
                continue
            before = AWAKE if done else WARM_UP
            try:
                turns[place].append(worker.run(before + min(TURN, runs - done))[before:])
            except ExportError as error:
                rows[place]["reason"] = str(error)
    return turns


def summarise(rows, turns):
    """Put the figures of the turns into the rows."""
    base = {one["folder"]: own for one, own in zip(rows, turns) if one["runtime"] == BASE and not one["reason"]}
    for one, own in zip(rows, turns):
        if one["reason"]:
            continue
        ms = sorted(value for turn in own for value in turn)
        one["median_ms"] = statistics.median(ms)
        one["p10_ms"], one["p90_ms"] = percentile(ms, 0.1), percentile(ms, 0.9)
        one["noise"] = variation([statistics.median(turn) for turn in own])
        if one["folder"] in base:
            one["ratio"] = ratio(base[one["folder"]], own)


def ratio(base, own):
    """How many times as fast `own` is as `base`: the median over the turns, each against its neighbour in time."""
    return statistics.median(statistics.median(a) / statistics.median(b) for a, b in zip(base, own))


def percentile(ordered, share):
    """The value below which that share of the ordered values lies, between neighbours in proportion."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def variation(values):
    """The coefficient of variation, standard deviation / mean; None for fewer than two values, which tell nothing."""
    return statistics.stdev(values) / statistics.fmean(values) if len(values) > 1 else None


def measure_accuracy(rows, workers, dataset, say):
    """Put top1 into the rows: the share of the dataset's pictures that a predictor on the runtime names rightly."""
    true = [dataset.classes[item["label"]] for item in dataset.items]
    for one, worker in zip(rows, workers):
        if one["reason"]:
            continue
        say(f"accuracy of {one['artefact']} on {one['runtime']}, {len(true)} pictures")
        try:
            found = worker.classify(dataset.paths)
        except ExportError as error:
            one["reason"] = str(error)
            continue
        one["top1"] = sum(name == label for name, label in zip(found, true)) / len(true)


def measure_memory(artefacts, rows, threads=1, say=print):
    """Put peak_mib and predictor_mib into the rows that could run, each in fresh processes.

    Where that fails they stay None and `say` tells why: the times that were measured before are not given up for it.
    """
    by_folder = {str(artefact.folder): artefact for artefact in artefacts}
    for one in rows:
        if one["reason"]:
            continue
        say(f"memory of {one['artefact']} on {one['runtime']}")
        try:
            one["peak_mib"], one["predictor_mib"] = memory.measure(by_folder[one["folder"]], one["runtime"], threads)
        except (PPMobileError, OSError) as error:
            say(f"memory of {one['artefact']} on {one['runtime']} is not known: {why(error)}")
