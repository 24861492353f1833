"""The result of an evaluation as a table, a JSON file and pictures."""

from pathlib import Path

from ..files import write_json
from ..wording import display_width, padded


def print_result(metric, split, count):
    """The metric's numbers, and its table of classes."""
    numbers = ", ".join(f"{name} {value:.4f}" for name, value in metric.result().items())
    print(f"{split}, {count} pictures: {numbers}")
    rows = metric.per_class()
    cells = [[key for key in rows[0]], *([shown(value) for value in row.values()] for row in rows)]
    widths = [max(map(display_width, column)) for column in zip(*cells)]
    for row in cells:
        name, *numbers = (padded(cell, width) if place == 0 else cell.rjust(width)
                          for place, (cell, width) in enumerate(zip(row, widths)))
        print("  " + "  ".join([name, *numbers]))


def shown(value):
    """A cell of the table: a name or a count as it is, a share with three digits, "-" where nothing was measured."""
    return "-" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def write_result(metric, dataset, folder, worst):
    """result.json and the pictures of a metric into `folder`.

    Of a classifier: confusion.png and, if there are mistakes, worst.png. Of a detector: precision_recall.png.
    worst: how many of the surest mistakes the sheet shows and the JSON lists, as {"file", "true", "predicted":
    class names, "probability": 0 to 1}.
    """
    folder, result = Path(folder), {**metric.result(), "per_class": metric.per_class()}
    if hasattr(metric, "curves"):
        from .precision_recall import precision_recall

        precision_recall(metric.curves(), folder / "precision_recall.png")
    else:
        result["worst"] = write_mistakes(metric, dataset, folder, worst)
    write_json(folder / "result.json", result)


def write_mistakes(metric, dataset, folder, worst):
    """confusion.png and worst.png of a classifier; the list of its worst mistakes."""
    from .gallery import gallery, mistakes
    from .plots import confusion

    wrong = metric.worst(worst)
    confusion(metric.confusion, metric.classes, folder / "confusion.png")
    items = mistakes(wrong, dataset.paths, metric.classes)
    if items:
        gallery(items, folder / "worst.png")
    return [{"file": str(dataset.paths[index]), "true": metric.classes[true], "predicted": metric.classes[predicted],
             "probability": probability} for index, true, predicted, probability in wrong]
