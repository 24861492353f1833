"""Boxes as annotation files state them: cut to their picture, the faulty ones noted, counted and left out."""

from pathlib import Path

import numpy as np

from ..errors import DataError
from ..files import starting_point
from ..wording import show
from .base import Dataset
from .image_list import find_file, read_names

EDGE = 1.0  # pixels beyond the picture that are rounding, or another way of counting, and not worth a word
FAULTS = ("box not finite", "box with swapped corners", "box without area", "box outside", "box beyond the edge")
CUT = FAULTS.index("box beyond the edge")  # the only one that is repaired, by cutting


class BoxDataset(Dataset):
    """Base of the readers of boxes: each calls `add` once a picture.

    items: dicts of path, boxes (N, 4) float32 xyxy pixels, labels (N,) int64, difficult (N,) bool; stated_size
    (width, height) that the annotations are for, or None; and perhaps areas (N,) float32 pixels of the objects,
    which may be smaller than their boxes. faulty: (path, kind, reason) of each box or shape that was left out or
    cut. dropped: how many were left out. found: whether the class names are only those that occur, and not a
    list that is known to be whole.
    """

    found = False

    def __init__(self, root):
        folder = Path(root).expanduser().absolute()
        if not folder.is_dir():
            raise DataError(f"{folder}: no such folder; `root` must be the data set's folder{starting_point(root)}")
        self.root = str(folder)
        self.items, self.faulty, self.dropped = [], [], 0

    def add(self, path, size, boxes, labels, difficult=None, areas=None):
        """Append a picture. size: (width, height) in pixels, None if unknown: then nothing counts as outside.

        boxes: N times xyxy in pixels, cut at the edges of the picture. A box that is not finite, has no area,
        swapped corners, or lies outside is left out.
        """
        with np.errstate(over="ignore"):  # a number beyond float32 becomes infinite, and is found below
            boxes = np.array(boxes, np.float64).reshape(-1, 4).astype(np.float32)
            areas = None if areas is None else np.array(areas, np.float64).astype(np.float32)
        code = fault_codes(boxes, size)
        for i in np.flatnonzero(code >= 0):
            self.faulty.append((str(path), FAULTS[code[i]], _reason(boxes[i], size, code[i])))
        kept = (code < 0) | (code == CUT)
        self.dropped += int((~kept).sum())
        if size is not None:
            boxes = np.clip(boxes, 0, np.float32([*size, *size]))
        difficult = np.zeros(len(boxes), bool) if difficult is None else np.array(difficult, bool)
        item = {"path": str(path), "boxes": boxes[kept], "labels": np.array(labels, np.int64)[kept],
                "difficult": difficult[kept], "stated_size": size}
        if areas is not None:
            item["areas"] = areas[kept]
        self.items.append(item)

    def drop(self, path, kind, reason):
        """Note an object of the picture `path` that has no box at all."""
        self.faulty.append((str(path), kind, reason))
        self.dropped += 1

    def require_pictures(self, source, advice):
        """DataError with `advice` if the file or folder `source` names no pictures, or none of them is there."""
        if not self.items:
            raise DataError(f"{source}: names no pictures; {advice}")
        if not any(Path(path).is_file() for path in self.paths):
            raise DataError(f"{source}: 0 of its {len(self)} pictures found; first missing: {self.paths[0]}; {advice}")

    def align(self, classes):
        """Number the labels as the list of names `classes` does: other files may have other ids for the same classes.

        DataError if there is a name that `classes` lacks, or the other way round; a reader that only `found` its
        names may lack some.
        """
        classes = list(classes)
        extra = [name for name in self.classes if name not in classes]
        lacking = [name for name in classes if name not in self.classes]
        if extra or lacking and not self.found:
            wrong = f"has the class {show(extra[0])}, which is not" if extra else f"lacks the class {show(lacking[0])}"
            advice = "name all classes in labels.txt" if self.found else (
                "correct it, or add it to both" if extra else "add its name; it needs no boxes")
            raise DataError(f"{wrong} among the {len(classes)} classes of training; the names must be the same, in any "
                            f"order: {advice}")
        number = {name: i for i, name in enumerate(classes)}
        table = np.array([number[name] for name in self.classes], np.int64)
        self.items = [{**item, "labels": table[item["labels"]]} for item in self.items]
        self.classes = classes


def fault_codes(boxes, size):
    """(N,) int: the place in FAULTS of what is wrong with each of `boxes` (N, 4) float32 xyxy, -1 for nothing.

    size: (width, height) of the picture, or None.
    """
    low, high = boxes[:, :2], boxes[:, 2:]
    wrong = [~np.isfinite(boxes).all(1), (high < low).any(1), (high == low).any(1)]
    if size is not None:
        end = np.float32(size)
        wrong += [((low >= end) | (high <= 0)).any(1), ((low < -EDGE) | (high > end + EDGE)).any(1)]
    code = np.full(len(boxes), -1)
    for i in reversed(range(len(wrong))):  # the first that applies is written last
        code[wrong[i]] = i
    return code


def _reason(box, size, code):
    numbers = ", ".join(f"{number:.6g}" for number in box)
    picture = f" of {size[0]}x{size[1]} pixels" if size else ""
    done = "cut at the edge" if code == CUT else "left out"
    return f"({numbers}) in a picture{picture}, {done}"


def unique_names(names, place):
    """The list of class names; DataError, with the file `place`, if there are none or one stands there twice."""
    if not names:
        raise DataError(f"{place}: holds no class names; add them, or annotate a picture")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{place}: the class {show(twice)} stands there twice; rename or remove one")
    return names


def listed_names(labels, folders, usual):
    """(class names, their file) of the file `labels` in one of `folders`, or of the first of the `usual` names there.

    (None, None) if `labels` is None and there is no usual file. DataError if a named file is missing or no list.
    """
    if labels is not None:
        file = find_file(labels, [*folders, Path.cwd()], "the list of class names")
    else:
        there = [folder / name for folder in folders for name in usual if (folder / name).is_file()]
        if not there:
            return None, None
        file = there[0]
    return unique_names(read_names(file), file), file
