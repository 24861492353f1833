"""The result of an evaluation as a table, a JSON file and pictures."""

from pathlib import Path

from ..files import write_json
from ..wording import display_width, padded


def print_result(metric, split, count):
    """The metric's numbers, and its table of classes."""
    numbers = ", ".join(f"{name} {value:.4f}" for name, value in metric.result().items())
    print(f"{split}, {count} pictures: {numbers}")
    rows = metric.per_class()
    width = max(display_width(name) for name in ["class", *(row["class"] for row in rows)])
    print(f"  {'class':<{width}}  pictures  precision  recall      f1")
    for row in rows:
        print(f"  {padded(row['class'], width)}  {row['pictures']:>8}  {row['precision']:>9.3f}  "
              f"{row['recall']:>6.3f}  {row['f1']:>6.3f}")


def write_result(metric, dataset, folder, worst):
    """result.json, confusion.png and, if there are mistakes, worst.png into `folder`.

    worst: how many of the surest mistakes the sheet shows and the JSON lists, as {"file", "true", "predicted":
    class names, "probability": 0 to 1}.
    """
    from .gallery import gallery, mistakes
    from .plots import confusion

    folder = Path(folder)
    wrong = metric.worst(worst)
    listed = [{"file": str(dataset.paths[index]), "true": metric.classes[true], "predicted": metric.classes[predicted],
               "probability": probability} for index, true, predicted, probability in wrong]
    write_json(folder / "result.json", {**metric.result(), "per_class": metric.per_class(), "worst": listed})
    confusion(metric.confusion, metric.classes, folder / "confusion.png")
    items = mistakes(wrong, dataset.paths, metric.classes)
    if items:
        gallery(items, folder / "worst.png")
