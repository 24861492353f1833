"""Whether a slim step paid: what it gained in time or accuracy, against what the start could do."""

import math

from .loss import allowed

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

    A cut that a later step's training mends is judged with all that follows up to that training, by what comes out.
    Steps pay if the metric is at most max_drop below the start's and they made the net faster, or better, than the
    last one that paid. kinds: the Step classes of the run. Returns the row of the last one that paid.
    """
    start, kept = rows[0], rows[0]
    group = []
    for place, row in enumerate(rows[1:]):
        group.append(row)
        cut = kinds[place].finishes or not kinds[place].trains
        if cut and any(kind.trains for kind in kinds[place + 1:]):
            row["keep"], row["why"] = None, "judged with the training after it"
            continue
        keep, why = paid(row, kept, start, max_drop)
        for one in group:
            one["keep"], one["why"] = keep, why if one is row else f"with {row.get('stage')}: {why}"
        kept, group = row if keep else kept, []
    return kept


def paid(row, kept, start, max_drop):
    """(whether a row is worth keeping, why) against the last `kept` and the start."""
    value, base, before = (fastest(one)[1]["value"] for one in (row, start, kept))
    drop, gain = base - value, speed(row) / speed(kept)
    told = f"{100 * abs(drop):.1f} points {'below' if drop > 0 else 'above'} the start, {gain:.2f}x the speed before"
    if not allowed(drop, max_drop):
        return False, f"{told}: more than slim.max_drop is lost"
    least = 1 + max(FASTER, 2 * math.hypot(error(row), error(kept)))
    if gain <= least and value <= before:
        return False, f"{told}: neither better nor surely faster, for which it takes more than {least:.2f}x"
    return True, told


def error(row):
    """The standard error of the time of a row's fastest runtime, as a share of it; 0 where it is not known."""
    return row["runtimes"].get(fastest_runtime(row), {}).get("error") or 0.0


def speed(row):
    """Times as fast as the start was in the same measurement, each on its fastest runtime; 1 where nothing ran."""
    now, start = fastest(row)[0], row["start_ms"]
    return start / now if now and start else 1.0
