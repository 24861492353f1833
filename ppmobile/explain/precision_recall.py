"""The picture of a detector's errors: precision against recall, one curve a class and their mean."""

import numpy as np

from ..errors import DataError
from .fonts import font_for, legible
from .plots import new_figure, save, set_font, short

MOST_NAMED = 10  # classes with a colour and a name of their own; of more, all are grey and the best and worst named
ENDS = 4  # how many of the best, and of the worst, are named then
GRID = np.linspace(0, 1, 101)  # recalls at which the mean is taken, as COCO does


def precision_recall(curves, png_path):
    """Draw `curves`, the rows of CocoMap.curves() or VocMap.curves(), at IoU 0.5, to `png_path`.

    Each has its class, AP and precision (K,) over rising recall (K,); a curve ends at the last recall that the model
    reaches. Up to ten classes are coloured; of more only the four best and the four worst. DataError if there are none.
    """
    if not curves:
        raise DataError(f"{png_path}: no class has boxes to draw a curve of; evaluate on pictures with boxes")
    rows = sorted(curves, key=lambda row: -row["ap50"])
    named = rows if len(rows) <= MOST_NAMED else rows[:ENDS] + rows[-ENDS:]
    font = font_for([row["class"] for row in rows])
    figure = new_figure(5.2, 5.2)
    axes = figure.add_axes([0, 0, 1, 1])
    for row in rows:
        if not any(row is one for one in named):
            axes.plot(*line(row), color="0.8", linewidth=0.8, zorder=1)
    for row in named:
        label = f"{short(legible(row['class'], font))}  {percent(row['ap50'])}"
        axes.plot(*line(row), linewidth=1.4, zorder=3, label=label)
    if len(rows) > 1:
        mean = np.mean([row["ap50"] for row in rows])
        axes.plot(GRID, mean_curve(rows), color="black", linewidth=2.4, zorder=2,
                  label=f"mean of {len(rows)}  {percent(mean)}")
    axes.set(xlim=(0, 1.01), ylim=(0, 1.02), xlabel="recall (share of the objects that are found)",
             ylabel="precision (share of the boxes that are right)")
    axes.grid(alpha=0.3)
    legend = axes.legend(title="AP at IoU 0.5", loc="upper left", bbox_to_anchor=(1.02, 1), frameon=False)
    set_font(legend.get_texts(), font, 9)
    save(figure, png_path)


def line(row):
    """Recall and best precision from there on (two (K,) arrays), up to the last recall that is reached."""
    best = envelope(row["precision"])
    reached = best > 0
    return np.asarray(row["recall"])[reached], best[reached]


def envelope(precision):
    """(K,) the highest precision at this recall or a higher one, as average precision counts it."""
    return np.maximum.accumulate(np.asarray(precision, np.float64)[::-1])[::-1]


def mean_curve(rows):
    """(101,) the classes' mean precision at recalls 0, 0.01 .. 1; 0 where a class does not get so far."""
    curves = []
    for row in rows:
        place = np.searchsorted(np.asarray(row["recall"]), GRID - 1e-9)
        curves.append(np.append(envelope(row["precision"]), 0.0)[place])
    return np.mean(curves, axis=0)


def percent(value):
    """0.8714 as "87.1 %"."""
    return f"{100 * value:.1f} %"
