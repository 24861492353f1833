"""Whether a slim step paid: what it gained in time or accuracy, against what the start could do."""

FASTER = 1.02  # times as fast; less than that is noise of the machine


def fastest(row):
    """(milliseconds, score) of a row's fastest runtime; an int8 runtime has a score of its own."""
    times = [(one["median_ms"], one.get("score") or row["score"]) for one in row["runtimes"].values()
             if one.get("median_ms")]
    return min(times, key=lambda pair: pair[0]) if times else (None, row["score"])


def judge(rows, kinds, max_drop):
    """Put "keep" (True, False, or None where that is not known yet) and "why" into rows; the first is the start's.

    A step whose result is not trained, followed by one that trains, is a cut that is mended next: both are judged
    together, by what comes out. Steps pay if the metric is at most max_drop below the start's and they made the net faster, or
    better, than the last one that paid. kinds: the Step classes of the run.
    """
    start, kept = rows[0], rows[0]
    group = []
    for place, row in enumerate(rows[1:]):
        group.append(row)
        mended = place + 1 < len(kinds) and kinds[place + 1].trains
        if mended and (kinds[place].finishes or not kinds[place].trains):
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
    if drop > max_drop:
        return False, f"{told}: more than slim.max_drop is lost"
    if gain < FASTER and value <= before:
        return False, f"{told}: neither faster nor better"
    return True, told


def speed(row):
    """Times as fast as the start was in the same measurement, each on its fastest runtime; 1 where nothing ran."""
    now, start = fastest(row)[0], row["start_ms"]
    return start / now if now and start else 1.0
