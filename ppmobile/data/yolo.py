"""Boxes from YOLO's text files: one a picture, a line `class cx cy width height` a box, in parts of the picture."""

from pathlib import Path

import numpy as np

from ..errors import DataError
from ..wording import show
from .base import READERS
from .boxes import BoxDataset, listed_names, unique_names
from .faults import picture_size
from .folder import pictures_under
from .image_list import find_file, read_lines

NAMES = ("classes.txt", "obj.names", "labels.txt")
YAMLS = ("data.yaml", "data.yml", "dataset.yaml")


@READERS.register
class YoloDetection(BoxDataset):
    """The pictures of a list or a folder, each with the lines of its text file.

    root: the folder of the data set. file: a list of pictures, one a line, with paths from `root` or from the list's
    own folder; or a folder of pictures under `root`. The boxes of images/x/NAME.jpg stand in labels/x/NAME.txt, or
    else beside the picture; a picture without such a file has no boxes. labels: file of the class names, one a line
    or under `names` in a YAML; by default classes.txt, obj.names, labels.txt, data.yaml, data.yml or dataset.yaml in
    `root`. A line of more numbers is a polygon, `class x1 y1 x2 y2 x3 y3 ...`, and gives the box around it. Raises
    DataError, with file and line, for a line of another form, if there are no class names, if no picture has a text
    file, and if none of the pictures is there.
    """

    def __init__(self, root, file, labels=None):
        super().__init__(root)
        pictures = self._pictures(file)
        if not pictures:
            raise DataError(f"{self.file}: no pictures here; give a list of pictures, or a folder of them")
        self.classes = class_names(labels, Path(self.root))
        texts = [label_file(path) for path in pictures]
        for path, text in zip(pictures, texts):
            size = picture_size(path)
            numbers, boxes = read_boxes(text, len(self.classes)) if text.is_file() else ([], [])
            if size is None:  # the picture is missing or broken, as the scan will say; its boxes have no pixels
                numbers, boxes = [], []
            self.add(path, size, np.reshape(boxes, (-1, 4)) * np.tile(size or (1, 1), 2), numbers)
        self.require_pictures(self.file, "give a list of pictures, or a folder of them")
        if not any(text.is_file() for text in texts):
            raise DataError(f"{self.file}: none of its {len(self)} pictures has a text file of boxes; first missing: "
                            f"{texts[0]}")

    def _pictures(self, file):
        """Paths of the pictures; sets `file`."""
        folder = Path(self.root, file)
        if folder.is_dir():
            self.file = folder
            return pictures_under(folder)
        self.file = find_file(file, [Path(self.root), Path.cwd()], "the list of pictures")
        listed = [line.strip().replace("\\", "/") for _, line in read_lines(self.file)]
        return [self._place(path) for path in listed]

    def _place(self, path):
        candidates = [Path(self.root, path), self.file.parent / path]
        return next((one for one in candidates if one.is_file()), candidates[0])


def label_file(picture):
    """The text file of a picture: `labels` in place of the last `images` in its path, or else beside it."""
    parts = list(picture.parts)
    places = [i for i, part in enumerate(parts[:-1]) if part.lower() == "images"]
    if places:
        parts[places[-1]] = "labels"
        text = Path(*parts).with_suffix(".txt")
        beside = picture.with_suffix(".txt")
        return beside if beside.is_file() and not text.is_file() else text
    return picture.with_suffix(".txt")


def read_boxes(text, count):
    """(labels, boxes as xyxy in parts of the picture) of a text file, for `count` classes."""
    labels, boxes = [], []
    for line, words in read_lines(text):
        words = words.split()
        if len(words) != 5 and (len(words) < 7 or len(words) % 2 == 0):
            raise DataError(f"{text}, line {line}: expected `class cx cy width height`, got {len(words)} words")
        try:
            label, numbers = int(words[0]), [float(word) for word in words[1:]]
        except ValueError:
            raise DataError(f"{text}, line {line}: {show(' '.join(words))}: expected a class number and parts of the "
                            "picture") from None
        if not 0 <= label < count:
            raise DataError(f"{text}, line {line}: class {label} is not in 0..{count - 1}; correct it or add a class")
        labels.append(label)
        boxes.append(bounds(numbers))
    return labels, boxes


def bounds(numbers):
    """(x1, y1, x2, y2) of four numbers cx, cy, width, height, or around the corners x, y of a polygon."""
    if len(numbers) > 4:
        corners = np.reshape(numbers, (-1, 2))
        return (*corners.min(0), *corners.max(0))
    x, y, width, height = numbers
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def class_names(labels, root):
    """The class names in label order; `labels` and the places as YoloDetection says."""
    yaml = labels is not None and Path(labels).suffix.lower() in (".yaml", ".yml")
    if labels is None or not yaml:
        names, _ = listed_names(labels, [root], NAMES)
        if names is not None:
            return names
    there = [root / name for name in YAMLS if (root / name).is_file()]
    if yaml:
        there = [find_file(labels, [root, Path.cwd()], "the list of class names")]
    if not there:
        raise DataError(f"{root}: the class names are missing; write them to {NAMES[0]}, one a line in the order of "
                        f"their numbers, or name their file in `labels` (looked for {', '.join((*NAMES, *YAMLS))})")
    return yaml_names(there[0])


def yaml_names(file):
    """The `names` of a YAML, as they are written there: a list, or {number from 0: name}."""
    import yaml

    lines = dict(read_lines(file))
    text = "\n".join(lines.get(i, "") for i in range(1, max(lines, default=0) + 1))
    try:  # the bare nodes: a class called no, 1e3 or 010 is none of what YAML would make of it
        top = yaml.compose(text, Loader=yaml.SafeLoader)
        entries = {key.value: value for key, value in top.value} if isinstance(top, yaml.MappingNode) else {}
        names = _texts(entries.get("names"))
    except (yaml.YAMLError, RecursionError, TypeError) as error:  # TypeError: a key that is a list
        mark = getattr(error, "problem_mark", None)
        raise DataError(f"{file}{f', line {mark.line + 1}' if mark else ''}: is no valid YAML; correct it") from error
    if not names:
        raise DataError(f"{file}: needs `names`, a list of the classes or one {{number: name}} for each number from 0")
    return unique_names(names, file)


def _texts(node):
    """The texts of a YAML node that is a list, or one keyed 0, 1, ... in any order; None of another one."""
    values = getattr(node, "value", None)
    if not isinstance(values, list):
        return None
    if values and isinstance(values[0], tuple):
        numbered = {key.value: value for key, value in values}
        values = [numbered.get(str(i)) for i in range(len(numbered))]
    texts = [getattr(value, "value", None) for value in values]
    return texts if all(isinstance(text, str) for text in texts) else None
