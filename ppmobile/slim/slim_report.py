"""The rows of a slim run as lines, and as slim.json, slim.csv and slim.md."""

import csv
import io
from pathlib import Path

from ..files import write_json, write_text
from .measure import change

COLUMNS = ("stage", "step", "metric", "split", "simulated", "value", "low", "high", "test", "macs", "params",
           "weight_bytes", "runtime", "median_ms", "p90_ms", "times_as_fast", "file_bytes", "peak_mib", "runtime_value",
           "runtime_test", "keep")
NET = "the net"  # as trained, in float or in simulated int8; its files may answer otherwise


def scored(score):
    """A score as text: 74.7 (69.1 to 78.8) %."""
    return f"{100 * score['value']:.1f} ({100 * score['low']:.1f} to {100 * score['high']:.1f})"


def base_ms(rows):
    """Milliseconds of the start's net on the first runtime of the list, to which all times are compared."""
    return next((one["median_ms"] for one in rows[0]["runtimes"].values() if one.get("median_ms")), None)


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
    return f"{cost['macs'] / 1e6:.1f} M MACs, {cost['params'] / 1e6:.3f} M parameters, {cost['bytes'] / 1e6:.2f} MB"


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
            *(f"{name} ms, p90, times as fast" for name in _runtimes(rows)), "peak MiB", "keep"]


def cells(row, rows):
    """The texts of a row of the table."""
    cost, start = row["cost"], rows[0]
    speeds = [timed(row["runtimes"].get(name), base_ms(rows), row["metric"], start["score"])
              for name in _runtimes(rows)]
    peaks = [f"{one['peak_mib']:.0f}" for one in row["runtimes"].values() if one.get("peak_mib")]
    keep = {True: "yes", False: "no", None: "-"}[row["keep"]]
    return [row["stage"], scored(row["score"]) + (" in simulated int8" if row["simulated"] else ""),
            "-" if row is start else _signed(change(row["score"], start["score"])),
            scored(row["test"]) if row.get("test") else "-", f"{cost['params'] / 1e6:.3f}", f"{cost['macs'] / 1e6:.1f}",
            f"{cost['bytes'] / 1e6:.2f}", *speeds, " / ".join(peaks) or "-", keep]


def timed(one, base, metric, start):
    """The text for one runtime: its times, how much faster than the start, and where its files were scored their own
    metric, against the score of the start.
    """
    if not one or not one.get("median_ms"):
        return "-"
    own = ""
    if one.get("score"):
        own = f"; {metric} {scored(one['score'])}, {_signed(change(one['score'], start))} to the start"
    own += f"; on test {scored(one['test'])}" if one.get("test") else ""
    return f"{one['median_ms']:.2f}, {one['p90_ms']:.2f}, {base / one['median_ms']:.2f}x{own}"


def write(folder, rows, about):
    """Write slim.json (without the widths' details), slim.csv and slim.md into `folder`."""
    folder = Path(folder)
    write_json(folder / "slim.json", {**about, "rows": [_lean(row) for row in rows]})
    write_text(folder / "slim.csv", _csv(rows))
    reasons = [f"- {row['stage']}: {row['why']}" for row in rows if row["why"]]
    reasons += ["", f"The net to take: {about['result']}"]
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
    base = base_ms(rows)
    for row in rows:
        own = {**{key: row[key] for key in ("stage", "step", "metric", "split", "simulated", "keep")},
               **{key: row["score"][key] for key in ("value", "low", "high")},
               "test": row["test"]["value"] if row.get("test") else None, "macs": row["cost"]["macs"],
               "params": row["cost"]["params"], "weight_bytes": row["cost"]["bytes"]}
        for name, one in row["runtimes"].items() or [("", {})]:
            speed = base / one["median_ms"] if base and one.get("median_ms") else None
            writer.writerow({**own, "runtime": name, "times_as_fast": speed,
                             **{key: one.get(key) for key in ("median_ms", "p90_ms", "file_bytes", "peak_mib")},
                             "runtime_value": one["score"]["value"] if one.get("score") else None,
                             "runtime_test": one["test"]["value"] if one.get("test") else None})
    return out.getvalue()
