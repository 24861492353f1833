"""Whether a slim step paid: what it gained in time or accuracy, against what the start could do."""

import math

from ..profiling.verdict import NOISY
from .loss import allowed
from .measure import change

FASTER = 0.02  # a smaller gain in time is not worth a step, however surely it was measured


def fastest(row):
    """(milliseconds, score) of a row's fastest runtime; where its files were scored, that is the score."""
    name = fastest_runtime(row)
    one = row["runtimes"].get(name, {})
    return one.get("median_ms"), one.get("score") or row["score"]


def fastest_runtime(row):
    """The name of a row's fastest runtime, None where nothing ran."""
    times = {name: one["median_ms"] for name, one in row["runtimes"].items() if one.get("median_ms")}
    return min(times, key=times.get) if times else None


def judge(rows, kinds, max_drop):
    """Put "keep" (True, False, or None where that is not known yet) and "why" into rows; the first is the start's.

    A cut that a later step's training mends is judged with all that follows up to that training, by what comes out; if
    it does not pay yet and the next step is a training too, that one may mend the rest, and is judged with them.
    Steps pay if the metric is at most max_drop below the start's and they made the net faster, or better, than the
    last one that paid. kinds: the Step classes of the run. Returns the row of the last one that paid.
    """
    start, kept = rows[0], rows[0]
    group = []
    for place, row in enumerate(rows[1:]):
        group.append(row)
        row["keep"], row["why"] = None, "judged with the training after it"
        cut, later = kinds[place].finishes or not kinds[place].trains, kinds[place + 1:]
        if cut and any(kind.trains for kind in later):
            continue
        keep, why = paid(row, kept, start, max_drop)
        if not keep and group[1:] and later and later[0].trains:  # a cut opened the group
            continue
        for one in group:
            one["keep"], one["why"] = keep, why if one is row else f"with {row.get('stage')}: {why}"
        kept, group = row if keep else kept, []
    return kept


def paid(row, kept, start, max_drop):
    """(whether a row is worth keeping, why) against the last `kept` and the start."""
    score, base, before = (fastest(one)[1] for one in (row, start, kept))
    drop, gain = base["value"] - score["value"], speed(row) / speed(kept)
    name = fastest_runtime(row)
    told = (f"{100 * abs(drop):.1f} points {'below' if drop > 0 else 'above'} the start"
            f"{f' on {name}' if name else ''}, {gain:.2f}x the speed before")
    if not allowed(drop, max_drop):
        return False, f"{told}: more than slim.max_drop is lost"
    least = 1 + max(FASTER, 2 * math.hypot(error(row), error(kept)))
    better = change(score, before)["low"] > 0  # False for NaN, of resamples that say nothing
    if gain <= least and not better:
        return False, f"{told}: neither surely better nor surely faster, for which it takes more than {least:.2f}x"
    return True, told


def error(row):
    """The standard error of the time of a row's fastest runtime, as a share of it; 0 where nothing ran.

    A single turn tells none: then it counts as so much that a warning would be due.
    """
    name = fastest_runtime(row)
    known = row["runtimes"][name]["error"] if name else 0.0
    return NOISY if known is None else known


def speed(row):
    """Times as fast as the start was in the same measurement, each on its fastest runtime; 1 where nothing ran."""
    now, start = fastest(row)[0], row["start_ms"]
    return start / now if now and start else 1.0
