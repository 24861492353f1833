"""The result of an evaluation as a table, a JSON file and pictures."""

from pathlib import Path

from ..files import write_json


def print_result(metric, split, count):
    """The metric's numbers, and its table of classes."""
    numbers = ", ".join(f"{name} {value:.4f}" for name, value in metric.result().items())
    print(f"{split}, {count} pictures: {numbers}")
    rows = metric.per_class()
    width = max(5, *(len(row["class"]) for row in rows))
    print(f"  {'class':<{width}}  pictures  precision  recall      f1")
    for row in rows:
        print(f"  {row['class']:<{width}}  {row['pictures']:>8}  {row['precision']:>9.3f}  {row['recall']:>6.3f}  "
              f"{row['f1']:>6.3f}")


def write_result(metric, dataset, folder, worst):
    """result.json, confusion.png and, if there are mistakes, worst.png into `folder`."""
    from .gallery import gallery, mistakes
    from .plots import confusion

    folder = Path(folder)
    write_json(folder / "result.json", {**metric.result(), "per_class": metric.per_class()})
    confusion(metric.confusion, metric.classes, folder / "confusion.png")
    items = mistakes(metric.worst(worst), dataset.paths, metric.classes)
    if items:
        gallery(items, folder / "worst.png")
