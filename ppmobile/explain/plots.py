"""Plots of a run: its learning curves, and which classes it takes for which."""

import csv
import math

import numpy as np

from ..errors import DataError
from ..files import atomic_write
from .fonts import default_font, font_for, legible

DOTS_PER_INCH = 130
MARKED_POINTS = 30  # a curve of fewer points gets a dot at each
NOT_METRICS = ("_s", "_ms", "_wait")  # how columns of durations end, which may lie in 0..1 all the same
MOST_COUNTS = 20  # classes up to which the counts are written into the fields of a confusion plot
MOST_NAMES = 100  # class names written along one side of it; of more, every n-th is
LONGEST_NAME = 28  # letters
PALE = ("#ff9d45", "#8fe08f", "#f7a8d8", "#cfcf50")  # of metrics but the first, whose strong blue may lie below
SMALL_RATE = 1e-3  # learning rates up to here have ticks like 2e-5, larger ones like 0.05


def curves(csv_path, png_path):
    """Draw the metrics CSV of a run: panels of the losses, the metrics, the learning rate and the speed.

    Every column with "loss" in its name is a loss; lr and img_per_s have panels of their own; any other
    column whose numbers all lie in 0..1 is a metric, drawn in percent, unless its name ends like a duration's
    (_s, _ms, _wait); what remains is not drawn. Empty cells are gaps. DataError if the file is missing, holds
    no numbers, or has a cell that is no number.
    """
    table = read_csv(csv_path)
    axis = x_axis(table)
    series = {name: points(table, axis, name) for name in table if name not in ("epoch", "step")}
    panels = panels_of({name: xy for name, xy in series.items() if len(xy[0])})
    if not panels:
        raise DataError(f"{csv_path}: no numbers to draw yet; train for at least one epoch")
    figure = new_figure(6.4, 0.4 + 2.2 * len(panels), layout="constrained")
    grid = figure.subplots(len(panels), sharex=True, squeeze=False)[:, 0]
    for axes, (title, part) in zip(grid, panels.items()):
        draw_panel(axes, title, part)
    places = np.concatenate([x for part in panels.values() for x, _ in part.values()])
    grid[-1].set_xlim(places.min() - 0.5, places.max() + 0.5)
    grid[-1].set_xlabel(axis or "row")
    save(figure, png_path)


def read_csv(path):
    """{column: (N,) float64} of a CSV with a header; empty and missing cells are NaN."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or "it is not a text of comma-separated values"
        raise DataError(f"{path}: cannot be read: {reason}; give the metrics.csv of a run") from error
    names = [name for name in (rows[0] if rows else []) if name]
    return {name: np.array([number(row[name], path, line, name) for line, row in enumerate(rows, 2)]) for name in names}


def number(cell, path, line, column):
    """The cell as a float, NaN if it is empty or was cut off."""
    if not (cell or "").strip():
        return math.nan
    try:
        return float(cell)
    except ValueError:
        raise DataError(f"{path}: line {line}, column {column}: {cell!r} is not a number; remove that line") from None


def x_axis(table):
    """"epoch", or "step" if some column has several numbers in one epoch, or None if the table has neither."""
    if "epoch" not in table:
        return "step" if "step" in table else None
    if "step" not in table:
        return "epoch"
    for name in set(table) - {"epoch", "step"}:
        epochs = table["epoch"][np.isfinite(table[name])]
        if len(np.unique(epochs)) < len(epochs):
            return "step"
    return "epoch"


def points(table, axis, name):
    """x and y (two (M,) arrays) of the finite numbers of a column, ordered; of the same x the last row counts."""
    y = table[name]
    x = table[axis] if axis else np.arange(1.0, len(y) + 1)
    last = {a: b for a, b in zip(x.tolist(), y.tolist()) if math.isfinite(a) and math.isfinite(b)}
    order = sorted(last)
    return np.array(order), np.array([last[a] for a in order])


def panels_of(series):
    """{panel title with its unit: {column: (x, y)}}, without empty panels."""
    panels = {"loss": {}, "metric (%)": {}, "learning rate": {}, "pictures / s": {}}
    for name, (x, y) in series.items():
        if "loss" in name:
            panels["loss"][name] = (x, y)
        elif name == "lr":
            panels["learning rate"][name] = (x, y)
        elif name == "img_per_s":
            panels["pictures / s"][name] = (x, y)
        elif y.min() >= 0 and y.max() <= 1 and not name.endswith(NOT_METRICS):
            panels["metric (%)"][name] = (x, 100 * y)
    return {title: part for title, part in panels.items() if part}


def draw_panel(axes, title, part):
    """One panel: its curves, named by their columns where there are several, over whole numbers of epochs."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    for i, (name, (x, y)) in enumerate(part.items()):
        style = metric_style(i, len(x)) if title == "metric (%)" and len(part) > 1 else plain_style(len(x))
        axes.plot(x, y, label=legible(name, default_font()), **style)
    axes.set_ylabel(title)
    axes.ticklabel_format(axis="y", useOffset=False)  # nobody reads 4.5 below 1e-5+6.931e-1
    axes.grid(alpha=0.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if title == "loss" and wide(np.concatenate([y for _, y in part.values()])):
        axes.set_yscale("log")  # one wild first epoch would press all others flat
    if title == "learning rate":
        small = max(y.max() for _, y in part.values()) <= SMALL_RATE
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: rate(value, small)))
    if title == "pictures / s":
        fastest = max(y.max() for _, y in part.values())
        axes.set_ylim(0, 1.08 * fastest or 1)  # from zero, else a speed that hardly varies looks as if it jumped
    if len(part) > 1 or title == "metric (%)":
        axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, fontsize=9, frameon=False)


def plain_style(count):
    """How a curve of `count` points is drawn."""
    return {"linewidth": 1.4, "marker": "." if count <= MARKED_POINTS else None}


def metric_style(place, count):
    """How the metric at that place among several is drawn: the first broad, the others as pale dashes above it.

    Some are the same number (top1 and mean_class_acc, where each class has as many pictures): drawn alike, the
    later would hide the earlier.
    """
    marker = "." if count == 1 else None  # a line of one point is nothing, and more dots would fill the dashes
    if place == 0:
        return {"linewidth": 3.2, "marker": marker and "o"}
    return {"linewidth": 1.4, "marker": marker, "linestyle": (0, (4, 3)), "color": PALE[(place - 1) % len(PALE)]}


def rate(value, small):
    """The learning rate at a tick: 0.05, or 2e-5 if it belongs to an axis of `small` ones."""
    if not small or not value:
        return f"{value:g}"
    digits, exponent = f"{value:.3e}".split("e")
    return f"{float(digits):g}e{int(exponent)}"


def wide(values):
    """Whether positive numbers span more than a factor of 20."""
    return values.min() > 0 and values.max() > 20 * values.min()


def confusion(matrix, classes, png_path):
    """Draw counts `matrix` (C, C), true classes in rows, as the share of each row; up to 20 classes with counts.

    Long class names are shortened in their middle; of more than 100 classes only every n-th is named. The row
    of a class without pictures is empty. The colours follow the square root of the share, so that rare
    confusions are seen. DataError if the matrix does not fit the classes.
    """
    matrix, count = np.asarray(matrix), len(classes)
    if not count or matrix.shape != (count, count):
        raise DataError(f"{png_path}: counts {matrix.shape} do not fit {count} classes; take both from one metric")
    font = font_for(classes)
    ticks = range(0, count, -(-count // MOST_NAMES))
    names = [short(legible(classes[i], font)) for i in ticks]
    size, pitch = (9, 0.4) if count <= MOST_COUNTS else (6.5, 0.13)  # points; inches from name to name
    side = max(2.0, pitch * len(ticks))
    figure = new_figure(side, side)
    axes = figure.add_axes([0, 0, 1, 1])  # names and scale lie outside of it: save() makes room for them
    draw_shares(figure, axes, matrix)
    axes.set_xticks(ticks, names, rotation=90)
    axes.set_yticks(ticks, names)
    set_font([*axes.get_xticklabels(), *axes.get_yticklabels()], font, size)
    axes.set(xlabel="predicted class", ylabel="true class")
    save(figure, png_path)


def draw_shares(figure, axes, matrix):
    """The coloured fields, their scale beside them, and in small matrices the counts."""
    from matplotlib.colors import PowerNorm

    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    norm = PowerNorm(0.5, vmin=0, vmax=100)
    field = axes.imshow(100 * shares, cmap="Blues", norm=norm, interpolation="nearest")
    side = figure.get_figwidth()
    beside = figure.add_axes([1 + 0.12 / side, 0, 0.16 / side, 1])
    bar = figure.colorbar(field, cax=beside, ticks=[0, 1, 5, 10, 25, 50, 75, 100])
    bar.set_label("share of the true class (%)")
    if len(matrix) > MOST_COUNTS:
        return
    for (row, column), count in np.ndenumerate(matrix):
        if count:
            color = "white" if shares[row, column] > 0.3 else "black"
            axes.text(column, row, compact(count), ha="center", va="center", fontsize=8, color=color)


def compact(count):
    """The count in at most four signs: up to 9999 as it is, then 12k, 345k, 6M."""
    if count < 10_000:
        return str(count)
    return f"{count // 1000}k" if count < 1_000_000 else f"{count // 1_000_000}M"


def short(name):
    """A class name of at most 28 letters; its middle goes, because names that differ often do so at the end."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[: half - 2]}...{name[-half + 1 :]}"


def set_font(labels, path, size):
    """Set the font file and size (points) of matplotlib texts, and keep a $ in them a $."""
    from matplotlib.font_manager import FontProperties

    for one in labels:
        one.set(fontproperties=FontProperties(fname=path, size=size), parse_math=False)


def new_figure(width, height, layout=None):
    """An empty figure of that size in inches; it has no window and leaves a notebook's backend alone."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout=layout)


def save(figure, png_path):
    """Write the figure with all its texts and a margin as a PNG, whole or not at all."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with atomic_write(png_path) as path:
        FigureCanvasAgg(figure).print_figure(path, format="png", bbox_inches="tight", pad_inches=0.1)
