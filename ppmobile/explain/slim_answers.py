"""Pictures as the start of a slim run and the net to take answer them: first those on which the two differ."""

from pathlib import Path

import numpy as np

from ..slim.judge import box_error
from .samples import write_sheet

LOOKED, SAMPLES = 100, 6  # pictures that both nets answer, at most; and that are shown


def shown_runtime(row):
    """The runtime whose answers show what became of a row's net: the fastest, of int8 if any ran; None if none did."""
    times = {name: one["median_ms"] for name, one in row["runtimes"].items() if one.get("median_ms")}
    return min([name for name in times if name.endswith("-int8")] or times, key=times.get, default=None)


def write_answers(rows, config, png_path):
    """Write a sheet: pictures of the split that measured, each as the nets of both rows answer it.

    Returns a sentence on the pictures, of which only those count that both could read.
    """
    from ..engine.datasets import open_split

    paths = spread(open_split(config, rows[0]["split"]).paths, LOOKED)
    pairs = [pair for pair in zip(*(answered(row, paths, config.slim.threads) for row in rows))
             if not any(one.error for one in pair)]
    odd = [pair for pair in pairs if differ(*pair)]
    odd.sort(key=lambda pair: -distance(*pair))
    alike = [pair for pair in pairs if not differ(*pair)]
    chosen = odd[:SAMPLES] + spread(alike, max(0, SAMPLES - len(odd)))
    write_sheet([(one.drawn(), f"{row['stage']}: {Path(one.path).name}")
                 for pair in chosen for row, one in zip(rows, pair)], png_path)
    return (f"Of {len(pairs)} pictures of {rows[0]['split']}, the two name other classes, or other numbers of them, on "
            f"{len(odd)}{': these come first, the greatest difference before all' if odd else ''}.")


def answered(row, paths, threads):
    """The answers for picture files, by the files of a row's `shown_runtime`; by its net where no runtime ran."""
    runtime = shown_runtime(row)
    if runtime is None:
        from ..engine.infer import Trained

        return list(Trained(row["folder"]).stream(paths))
    from ..predict import load

    with load(row["artefact"], runtime, threads) as predictor:
        return list(predictor.stream(paths))


def differ(one, other):
    """Whether two answers, Classifications or Detections, name other classes, or not each as often."""
    return sorted(one.names) != sorted(other.names)


def distance(one, other):
    """How far two answers lie apart, 0 to 1: by their probabilities, or by what their boxes do not have in common."""
    if hasattr(one, "boxes"):
        return box_error([rows(one)], [rows(other)])
    return float(np.abs(one.probabilities - other.probabilities).max())


def rows(found):
    """(k, 6) class, score, box of Detections."""
    return np.column_stack([found.labels, found.scores, found.boxes])


def spread(values, count):
    """Up to `count` of a list, evenly from all over it."""
    places = np.unique(np.linspace(0, len(values) - 1, min(count, len(values))).astype(int))
    return [values[place] for place in places]
