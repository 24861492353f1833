"""The rows of a slim run as lines, and as slim.json, slim.csv and slim.md."""

import csv
import io
from pathlib import Path

from ..files import write_json, write_text
from ..profiling.verdict import NOISY
from .cut_table import millions
from .measure import change

COLUMNS = ("stage", "step", "metric", "split", "simulated", "value", "low", "high", "test", "macs", "params",
           "weight_bytes", "runtime", "median_ms", "p90_ms", "noise", "times_as_fast", "file_bytes", "peak_mib",
           "runtime_value", "runtime_test", "keep")
FIGURES = ("median_ms", "p90_ms", "noise", "file_bytes", "peak_mib")  # of a runtime, as they stand in its row
NET = "the net"  # as trained, in float or in simulated int8; its files may answer otherwise


def scored(score):
    """A score as text: 74.7 (69.1 to 78.8) %."""
    return f"{100 * score['value']:.1f} ({100 * score['low']:.1f} to {100 * score['high']:.1f})"


def base(start, runtime):
    """The runtime of the start's net that times on `runtime` are compared to, None if it ran on none.

    The same one; for one that it has no files for, as in int8, fp32 of the same library, else the first it ran on.
    """
    ran = [name for name, one in start["runtimes"].items() if one.get("median_ms")]
    wanted = (runtime, f"{runtime.split('-')[0]}-fp32", *ran)
    return next((name for name in wanted if name in ran), None)


def base_ms(start, runtime):
    """Milliseconds of the start's net on that runtime, or None."""
    return start["runtimes"].get(base(start, runtime), {}).get("median_ms")


def line(row, start):
    """What a step came to, in one line."""
    times = ", ".join(f"{name} {one['median_ms']:.2f} ms" + (f" with {row['metric']} {scored(one['score'])}"
                                                             if one.get("score") else "")
                      for name, one in row["runtimes"].items())
    cost = row["cost"]
    foretold = ""
    if row["predicted"]:
        agree = row["predicted"] == cost
        foretold = " (as predicted from the widths)" if agree else f" (predicted: {_cost(row['predicted'])})"
    drop = f", {_signed(change(row['score'], start['score']))} to the start" if row is not start else ""
    return (f"{row['stage']}: {row['metric']} {scored(row['score'])}{drop}; {_cost(cost)}{foretold}; "
            f"{times or 'no runtime could run'}")


def _cost(cost):
    return f"{millions(cost['macs'])} M MACs, {millions(cost['params'])} M parameters, {millions(cost['bytes'])} MB"


def _signed(score):
    """A change as text, in points."""
    return f"{100 * score['value']:+.1f} ({100 * score['low']:+.1f} to {100 * score['high']:+.1f})"


def table(rows):
    """Lines of a Markdown table, a step each; intervals hold 95 % of the resamples."""
    names = head(rows)
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    return lines + ["| " + " | ".join(cells(row, rows)) + " |" for row in rows]


def _runtimes(rows):
    return list(dict.fromkeys(name for row in rows for name in row["runtimes"]))


def head(rows):
    """The names of the columns."""
    return ["step", f"{rows[0]['metric']} of {NET} on {rows[0]['split']} (95 %)", f"{NET} to the start",
            f"{NET} on test", "M parameters", "M MACs", "MB weights",
            *(f"{name} ms, p90, times as fast, size of files, peak memory" for name in _runtimes(rows)), "keep"]


def cells(row, rows):
    """The texts of a row of the table."""
    cost, start = row["cost"], rows[0]
    speeds = [timed(row["runtimes"].get(name), base_ms(start, name), row["metric"], start["score"])
              for name in _runtimes(rows)]
    keep = {True: "yes", False: "no", None: "-"}[row["keep"]]
    return [row["stage"], scored(row["score"]) + (" in simulated int8" if row["simulated"] else ""),
            "-" if row is start else _signed(change(row["score"], start["score"])),
            scored(row["test"]) if row.get("test") else "-",
            *(millions(cost[key]) for key in ("params", "macs", "bytes")), *speeds, keep]


def timed(one, before, metric, start):
    """The text for one runtime: its times, how much faster than the milliseconds `before` (None: not known), its files
    and memory, and where its files were scored their own metric, against the score of the start.
    """
    if not one or not one.get("median_ms"):
        return "-"
    times = f"{before / one['median_ms']:.2f}x" if before else "-"
    numbers = [f"{one['median_ms']:.2f}", f"{one['p90_ms']:.2f}", times]
    numbers += [f"{millions(one['file_bytes'])} MB"] if one.get("file_bytes") else []
    numbers += [f"{one['peak_mib']:.0f} MiB"] if one.get("peak_mib") else []
    own = ""
    if one.get("score"):
        own = f"; {metric} {scored(one['score'])}, {_signed(change(one['score'], start))} to the start"
    own += f"; on test {scored(one['test'])}" if one.get("test") else ""
    return ", ".join(numbers) + own


def noise(rows):
    """[a warning] that names the noisiest time, if any varies too much between its turns to be trusted; else []."""
    found = [(one["noise"], row["stage"], name) for row in rows for name, one in row["runtimes"].items()
             if (one.get("noise") or 0) > NOISY]
    if not found:
        known = [one["noise"] for row in rows for one in row["runtimes"].values() if one.get("noise") is not None]
        return [] if known else ["one turn: how much the times vary is not known; slim.runs of 20 or more take several"]
    worst, stage, name = max(found)
    others = f", and {len(found) - 1} more times by over {NOISY:.0%}" if found[1:] else ""
    return [f"the times of {stage} on {name} vary by {worst:.0%} between turns{others}: close other programs, and let "
            "the same command with --resume time all nets again, before you trust times or what was kept for them"]


def taken(row):
    """Where the net to take lies, in words: its row's folder, and why that did not pay if so."""
    return row["folder"] + (f" (it did not pay: {row['why']})" if row["keep"] is False else "")


def write(folder, rows, result, about):
    """Write slim.json (without the widths' details), slim.csv and slim.md into `folder`; result: the row of the net to
    take.
    """
    folder = Path(folder)
    write_json(folder / "slim.json", {**about, "result": result["folder"], "rows": [_lean(row) for row in rows]})
    write_text(folder / "slim.csv", _csv(rows))
    reasons = [f"- {row['stage']}: {row['why']}" for row in rows if row["why"]]
    reasons += ["", f"The net to take: {taken(result)}", *(f"\n{line}" for line in noise(rows))]
    write_text(folder / "slim.md", "\n".join([
        *table(rows), "", *reasons, "", f"    {about['command']}",
        f"    # {about['date']}, {about['cpu']}, {about['cores']} cores, {about['threads']} thread(s) in each run, "
        f"paddlepaddle {about['paddlepaddle']}, Python {about['python']}", ""]))


def _lean(value):
    """A row without the values of the single resamples, which nobody reads."""
    if not isinstance(value, dict):
        return value
    return {key: _lean(one) for key, one in value.items() if key != "samples"}


def _csv(rows):
    """A line for each net and runtime; plain numbers."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        own = {**{key: row[key] for key in ("stage", "step", "metric", "split", "simulated", "keep")},
               **{key: row["score"][key] for key in ("value", "low", "high")},
               "test": row["test"]["value"] if row.get("test") else None, "macs": row["cost"]["macs"],
               "params": row["cost"]["params"], "weight_bytes": row["cost"]["bytes"]}
        for name, one in row["runtimes"].items() or [("", {})]:
            before = base_ms(rows[0], name)
            speed = before / one["median_ms"] if before and one.get("median_ms") else None
            writer.writerow({**own, "runtime": name, "times_as_fast": speed,
                             **{key: one.get(key) for key in FIGURES},
                             "runtime_value": one["score"]["value"] if one.get("score") else None,
                             "runtime_test": one["test"]["value"] if one.get("test") else None})
    return out.getvalue()
