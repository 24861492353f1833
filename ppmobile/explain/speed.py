"""Pictures of speed: runtimes against each other, and which layers cost more time than their MACs say."""

from ..profiling.layers import COSTLY, costly, ranked
from .fonts import default_font, legible
from .plots import new_figure, save

COLOURS = {"paddle": "#2f6fb7", "onnx": "#d9822b", "openvino": "#5b9a41", "lite": "#9a5fb0"}
MARKERS = {"fp32": "o", "bf16": "s", "int8": "^"}
FILLS = ("full", "none", "left", "bottom", "right", "top")  # of the points, one an artefact
TIME, MACS, WORSE = "#2f6fb7", "#f0b169", "#b8322f"
MOST_LAYERS = 30  # bars that can still be read; the others are one line of text


def speed(rows, png_path):
    """Draw the rows of latency.bench: bars of the times, and beside them time against accuracy, or else size.

    Bars show the median, the thin lines p10 to p90, and the number how many times as fast as paddle-fp32. Rows that
    could not be measured are left out; nothing is drawn, and False returned, if that leaves none.
    """
    good = [row for row in rows if not row["reason"]]
    if not good:
        return False
    groups = {}
    for row in good:
        groups.setdefault(row["folder"], []).append(row)
    figure = new_figure(11, max(3.2, 0.7 + 0.27 * (len(good) + len(groups))), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.15, 1])
    _bars(left, groups)
    _points(right, groups)
    save(figure, png_path)
    return True


def _bars(axes, groups):
    """One bar a row, the artefacts below each other."""
    place, ticks = 0, {}
    slowest = max(row["p90_ms"] for rows in groups.values() for row in rows)
    for rows in groups.values():
        if len(groups) > 1:
            axes.text(0, place, _name(rows), fontsize=9, fontweight="bold", va="center", parse_math=False)
            place += 1
        for row in rows:
            middle = row["median_ms"]
            spread = [[middle - row["p10_ms"]], [row["p90_ms"] - middle]]
            axes.barh(place, middle, color=COLOURS[_library(row)], height=0.72, xerr=spread,
                      error_kw={"elinewidth": 0.8, "ecolor": "#444444"})
            ratio = "" if row["ratio"] is None else f"  {row['ratio']:.2f}x"
            axes.text(row["p90_ms"] + 0.01 * slowest, place, f"{middle:.2f} ms{ratio}", va="center", fontsize=8)
            ticks[place] = row["runtime"]
            place += 1
    axes.set_yticks(list(ticks), list(ticks.values()), fontsize=9)
    axes.set(xlabel="milliseconds a picture (median; line: p10 to p90)", xlim=(0, 1.32 * slowest))
    axes.set_ylim(place - 0.4, -0.8)
    _plain(axes)


def _points(axes, groups):
    """Each row as a point: time, and accuracy where it was measured, else the size of the files."""
    field = "top1" if any(row["top1"] is not None for rows in groups.values() for row in rows) else "files_mb"
    factor = 100 if field == "top1" else 1
    for number, rows in enumerate(groups.values()):
        for row in rows:
            if row[field] is not None:
                axes.plot(row["median_ms"], factor * row[field], color=COLOURS[_library(row)], markersize=8, lw=0,
                          marker=MARKERS[_precision(row)], fillstyle=FILLS[number % len(FILLS)])
    axes.set(xlabel="milliseconds a picture", ylabel="top-1 (%)" if field == "top1" else "size of the files (MB)")
    axes.margins(0.1, 0.15)
    axes.set_xlim(left=0)
    if field == "files_mb":
        axes.set_ylim(bottom=0)
    _plain(axes)
    _legend(axes, groups)


def _legend(axes, groups):
    from matplotlib.lines import Line2D

    rows = [row for own in groups.values() for row in own]
    libraries, precisions = ({find(row): None for row in rows} for find in (_library, _precision))
    marks = [Line2D([], [], color=COLOURS[name], lw=5, label=name) for name in libraries]
    marks += [Line2D([], [], color="#555555", lw=0, marker=MARKERS[name], label=name) for name in precisions]
    marks += [Line2D([], [], color="#555555", lw=0, marker="o", fillstyle=FILLS[number % len(FILLS)], label=_name(own))
              for number, own in enumerate(groups.values()) if len(groups) > 1]
    axes.legend(handles=marks, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, fontsize=8, frameon=False)


def layers(found, png_path):
    """Draw a profiling.layers.Profile: the share of the layers' time and of the MACs of each layer, slowest first.

    Layers that cost far more than their MACs say (layers.costly) have bars of another colour.
    """
    order = ranked(found)
    shown, rest, worse = order[:MOST_LAYERS], order[MOST_LAYERS:], [layer.path for layer in costly(found)]
    figure = new_figure(8.6, 1.3 + 0.235 * len(shown), layout="constrained")
    axes = figure.subplots()
    for place, layer in enumerate(shown):
        time, macs = found.shares([layer])
        axes.barh(place - 0.2, 100 * time, height=0.4, color=WORSE if layer.path in worse else TIME)
        axes.barh(place + 0.2, 100 * macs, height=0.4, color=MACS)
    names = [f"{layer.path or 'answer'}  {layer.kind}" for layer in shown]
    axes.set_yticks(range(len(shown)), [legible(name, default_font()) for name in names], fontsize=8)
    more = f"\n{len(rest)} more layers: {{:.0%}} of the time, {{:.0%}} of the MACs".format(*found.shares(rest))
    axes.set(xlabel=f"share (%) of the layers' time and of the {found.macs / 1e6:.1f} M MACs{more if rest else ''}")
    axes.set_title(headline(found), fontsize=9, loc="left")
    axes.set_ylim(len(shown) - 0.4, -0.6)
    _layers_legend(axes, worse)
    _plain(axes)
    save(figure, png_path)


def headline(found):
    """Two lines on a run of a Profile: its time, and what that is made of."""
    parts = [("in layers", found.layers_ms), *found.between.items()]
    return f"{found.runtime}: a run takes {found.total_ms:.2f} ms\n" + ", ".join(
        f"{ms:.2f} ms {what}" for what, ms in parts)


def _layers_legend(axes, worse):
    from matplotlib.patches import Patch

    marks = [Patch(color=TIME, label="time"), Patch(color=MACS, label="MACs")]
    marks += [Patch(color=WORSE, label=f"time, over {COSTLY:g} times the MACs")] if worse else []
    axes.legend(handles=marks, loc="lower right", fontsize=8)


def _plain(axes):
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _name(rows):
    return legible(rows[0]["artefact"], default_font())


def _library(row):
    return row["runtime"].split("-")[0]


def _precision(row):
    return row["runtime"].split("-")[1]
