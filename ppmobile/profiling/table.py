"""The rows of a benchmark or of a profile as text, Markdown and CSV."""

import csv
import io

from ..files import write_text
from ..wording import display_width, padded
from .layers import Layer, fused, ranked

COLUMNS = {  # field: (heading, format)
    "runtime": ("runtime", "{}"),
    "median_ms": ("median ms", "{:.2f}"),
    "p10_ms": ("p10", "{:.2f}"),
    "p90_ms": ("p90", "{:.2f}"),
    "ratio": ("ratio", "{:.2f}x"),
    "noise": ("noise", "{:.0%}"),
    "files_mb": ("files MB", "{:.2f}"),
    "peak_mib": ("peak MiB", "{:.0f}"),
    "predictor_mib": ("predictor adds MiB", "{:+.0f}"),
    "top1": ("top-1", "{:.2%}"),
}
MEANING = ("ratio: how many times as fast as paddle-fp32; noise: how much the medians of the turns vary (standard "
           "deviation / mean); peak: resident memory of the bare library with the graph; predictor adds: what "
           "ppmobile.load needs beyond that")


def text(rows):
    """The rows of one artefact as a table for a terminal; a runtime that cannot run is a line with its reason."""
    names, cells = _cells(rows)
    widths = [max(map(display_width, column)) for column in zip(names, *[line for line, reason in cells if not reason])]
    lines = [_line(names, widths)]
    for line, reason in cells:
        lines.append(f"{padded(line[0], widths[0])}  {reason}" if reason else _line(line, widths))
    return "\n".join(lines)


def markdown(rows):
    """The same in Markdown; reasons stand below the table."""
    names, cells = _cells(rows)
    lines = [f"| {' | '.join(names)} |", f"|---|{'---:|' * (len(names) - 1)}"]
    lines += [f"| {' | '.join(line)} |" for line, reason in cells if not reason]
    told = [f"- {line[0]}: {reason}" for line, reason in cells if reason]
    return "\n".join([*lines, *(["", "Not measured:", "", *told] if told else [])])


def write_csv(rows, path):
    """The rows as a CSV file, with all their fields as columns."""
    made = io.StringIO()
    writer = csv.DictWriter(made, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _rounded(value) for key, value in row.items()} for row in rows)
    write_text(path, made.getvalue())


def aligned(lines):
    """Lists of texts as lines with columns: the first column to the left, the others to the right."""
    widths = [max(map(display_width, column)) for column in zip(*lines)]
    return "\n".join(_line(line, widths).rstrip() for line in lines)


def layer_text(found, most=20):
    """The layers of a layers.Profile as a table for a terminal: the `most` costliest, what lies between, the run.

    time and MACs are shares: of the layers' time, and of all MACs.
    """
    order = ranked(found)
    lines = [["layer", "kind", "MACs M", "params", "eager ms", "ms", "time", "MACs"]]
    lines += [_layer_cells(layer, *found.shares([layer])) for layer in order[:most]]
    if order[most:]:
        lines.append(_layer_cells(_sum(order[most:], f"{len(order) - most} more layers"), *found.shares(order[most:])))
    inside = fused(found)
    if inside:
        lines.append(_layer_cells(_sum(inside, f"{len(inside)} layers inside others"), *found.shares(inside)))
    lines.append(_layer_cells(_sum(found.layers, "all layers"), *found.shares(found.layers)))
    lines += [[what, *[""] * 4, f"{ms:.3f}", "", ""] for what, ms in found.between.items()]
    lines.append(["a run", *[""] * 4, f"{found.total_ms:.3f}", "", ""])
    return aligned(lines)


def write_layers_csv(found, path):
    """All layers of a Profile as a CSV file, in the order of the graph, and then what lies between them."""
    rows = []
    for layer in found.layers:
        time, macs = found.shares([layer])
        rows.append({**vars(layer), "time_share": time, "macs_share": macs})
    rows += [{**dict.fromkeys(rows[0]), "path": "", "kind": what, "ms": ms} for what, ms in found.between.items()]
    write_csv(rows, path)


def _sum(some, name):
    """A Layer that stands for several."""
    def add(field):
        known = [getattr(layer, field) for layer in some if getattr(layer, field) is not None]
        return sum(known) if known else None

    return Layer(name, "", "", add("macs"), add("params"), add("ms"), add("eager_ms"))


def _layer_cells(layer, time, macs):
    ms = ["-" if value is None else f"{value:.3f}" for value in (layer.eager_ms, layer.ms)]
    return [layer.path or "answer", layer.kind, f"{layer.macs / 1e6:.2f}", f"{layer.params:,}", *ms, f"{time:.1%}",
            f"{macs:.1%}"]


def _cells(rows):
    """(headings, [(cells, reason)]) of the columns that any row has."""
    used = [field for field in COLUMNS if field == "runtime" or any(row[field] is not None for row in rows)]
    cells = [(["-" if row[field] is None else COLUMNS[field][1].format(row[field]) for field in used], row["reason"])
             for row in rows]
    return [COLUMNS[field][0] for field in used], cells


def _line(cells, widths):
    first, *rest = cells
    right = [" " * (width - display_width(cell)) + cell for cell, width in zip(rest, widths[1:])]
    return "  ".join([padded(first, widths[0]), *right])


def _rounded(value):
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else value
