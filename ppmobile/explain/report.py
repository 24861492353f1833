"""The result of an evaluation as a table, a JSON file, pictures, and a page that shows them all."""

from pathlib import Path

from ..files import write_json
from ..predict.detections import DRAW_THRESHOLD
from ..wording import display_width, padded
from .page import cell, write_page

PICTURES = {"confusion.png": "Which classes are taken for which", "worst.png": "The surest mistakes",
            "precision_recall.png": "Precision against recall"}


def print_result(metric, split, count):
    """The metric's numbers, and its table of classes."""
    numbers = ", ".join(f"{name} {value:.4f}" for name, value in metric.result().items())
    print(f"{split}, {count} pictures: {numbers}")
    rows = metric.per_class()
    cells = [[key for key in rows[0]], *([cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(display_width, column)) for column in zip(*cells)]
    for row in cells:
        name, *numbers = (padded(text, width) if place == 0 else text.rjust(width)
                          for place, (text, width) in enumerate(zip(row, widths)))
        print("  " + "  ".join([name, *numbers]))


def print_errors(told):
    """A line on the errors of a detector: what `write_result` returned, by kind."""
    kinds = ", ".join(f"{found['count']} {kind}" for kind, found in told.items() if isinstance(found, dict))
    print(f"boxes that score {told['threshold']:g} or more: {told['right']} right, {kinds}")


def write_result(metric, dataset, folder, worst, threshold=DRAW_THRESHOLD, title="Evaluation"):
    """result.json, report.html and the pictures of a metric into `folder`; returns what result.json holds.

    Of a classifier: confusion.png and, if there are mistakes, worst.png. Of a detector: precision_recall.png, and a
    sheet for each kind of error. worst: how many of the surest mistakes a sheet shows and the JSON lists; of a
    classifier as {"file", "true", "predicted": class names, "probability": 0 to 1}. threshold: least score of the
    boxes whose errors are shown. title: of the page.
    """
    folder, result = Path(folder), {**metric.result(), "per_class": metric.per_class()}
    if hasattr(metric, "curves"):
        from .box_gallery import write_errors
        from .precision_recall import precision_recall

        precision_recall(metric.curves(), folder / "precision_recall.png")
        result["errors"] = write_errors(metric, dataset, folder, threshold, worst)
    else:
        result["worst"] = write_mistakes(metric, dataset, folder, worst)
    write_json(folder / "result.json", result)
    write_page(folder, title, result, PICTURES)
    return result


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
