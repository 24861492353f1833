"""Divides labelled pictures into training, validation and test lists so that each class is spread evenly."""

import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..files import write_text
from .image_list import PARTS


def split(items, ratios=(0.7, 0.2, 0.1), seed=0, labels=None):
    """Divide `items` at random into len(ratios) lists, each item in exactly one, in the order of `items`.

    ratios: sizes of the parts, numbers of any sum (70, 20, 10 is the same as 0.7, 0.2, 0.1). labels: the
    class of each item (hashable); None means that all are of one class. The size of a part is its exact
    share of the whole, rounded by largest remainder, and so is, within one item, its share of each class.
    The same arguments give the same parts. Raises DataError for ratios that are negative or all zero.
    """
    items = list(items)
    labels = [0] * len(items) if labels is None else list(labels)
    if len(labels) != len(items):
        raise DataError(f"split: {len(items)} items but {len(labels)} labels; give one label an item")
    members = {}
    for index, label in enumerate(labels):
        members.setdefault(label, []).append(index)
    rng = np.random.default_rng(seed)
    classes = list(members.values())
    classes = [classes[i] for i in rng.permutation(len(classes))]  # or the first classes would fill the first part
    parts = [[] for _ in ratios]
    for indices, sizes in zip(classes, share([len(c) for c in classes], ratios)):
        order = rng.permutation(len(indices))
        for part, start, size in zip(parts, np.cumsum(sizes) - sizes, sizes):
            part.extend(indices[i] for i in order[start : start + size])
    return [[items[i] for i in sorted(part)] for part in parts]


def share(counts, ratios):
    """How many of each class go to each part: (classes, parts) integers with the row sums `counts`.

    The column sums are the shares of the whole by largest remainder. Each class first gets its shares
    rounded down; what remains of it goes, one each, to the parts that still lack most. Choosing the
    neediest columns row by row meets all column sums whenever that is possible (Gale-Ryser).
    """
    fractions = exact(ratios)
    floors = [[int(count * f) for f in fractions] for count in counts]
    lacking = [total - sum(column) for total, column in zip(largest_remainder(sum(counts), fractions), zip(*floors))]
    table = np.array(floors, dtype=int).reshape(len(counts), len(fractions))
    for row, count in zip(table, counts):
        wanted = [count * f - int(count * f) for f in fractions]
        neediest = sorted(range(len(fractions)), key=lambda j: (-lacking[j], -wanted[j]))
        for j in neediest[: count - int(row.sum())]:
            row[j] += 1
            lacking[j] -= 1
    return table


def exact(ratios):
    """The ratios as Fractions of sum 1, free of binary rounding (0.1 is a tenth). DataError if impossible."""
    numbers = [Fraction(str(ratio)) for ratio in ratios]
    if not numbers or min(numbers) < 0 or sum(numbers) == 0:
        raise DataError(f"ratios {list(ratios)}: each must be 0 or more and one above 0, for instance 70 20 10")
    return [number / sum(numbers) for number in numbers]


def largest_remainder(total, fractions):
    """Integers of sum `total` nearest to `total * fractions` (Hamilton's method), earlier parts first on a tie."""
    sizes = [int(total * f) for f in fractions]
    by_remainder = sorted(range(len(sizes)), key=lambda j: sizes[j] - total * fractions[j])
    for j in by_remainder[: total - sum(sizes)]:
        sizes[j] += 1
    return sizes


@dataclass(frozen=True)
class Division:
    """What write_lists did.

    parts: {"train", "val", "test": label of each picture}. classes: names in label order. empty: names of class
    folders without pictures, which are left out. loose: Paths of pictures that lie in no class folder.
    replaced: Paths of older files that the new ones took the place of.
    """

    parts: dict
    classes: list
    empty: list
    loose: list
    replaced: list


def write_lists(folder, out, ratios=(0.7, 0.2, 0.1), seed=0):
    """Write train_list.txt, val_list.txt, test_list.txt and labels.txt for a folder of class folders.

    folder: see ImageFolder; a class folder without pictures becomes no class. out: where the lists go; their
    paths start at `folder`. Each file is written atomically, also an empty one, so that no list of an earlier
    division is left beside the new ones. Returns a Division. Raises DataError unless there are three ratios.
    """
    from .folder import ImageFolder, is_picture

    if len(ratios) != len(PARTS):
        raise DataError(f"ratios {list(ratios)}: give three, for {', '.join(PARTS)}; a part may be 0, as in 80 20 0")
    dataset = ImageFolder(folder)
    held = sorted({item["label"] for item in dataset.items})
    classes = [dataset.classes[label] for label in held]
    items = [{**item, "label": held.index(item["label"])} for item in dataset.items]
    parts = dict(zip(PARTS, split(items, ratios, seed, [item["label"] for item in items])))
    files = {Path(out) / f"{name}_list.txt": listing(dataset.root, part) for name, part in parts.items()}
    files[Path(out) / "labels.txt"] = "".join(f"{name}\n" for name in classes)
    replaced = [path for path in files if path.exists()]
    for path, text in files.items():
        write_text(path, text)
    return Division(
        parts={name: [item["label"] for item in part] for name, part in parts.items()},
        classes=classes,
        empty=[name for name in dataset.classes if name not in classes],
        loose=sorted(path for path in Path(dataset.root).iterdir() if is_picture(path)),
        replaced=replaced,
    )


def listing(root, items):
    """`items` as lines of `path label`, the paths relative to `root` with `/` between folders."""
    return "".join(f"{Path(item['path']).relative_to(root).as_posix()} {item['label']}\n" for item in items)


if __name__ == "__main__":
    from ppmobile.cli import run

    sys.exit(run("split", sys.argv[1:]))
