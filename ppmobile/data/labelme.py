"""Boxes from LabelMe: one JSON a picture, with named shapes."""

import math
from pathlib import Path

from ..errors import DataError
from ..wording import show
from .base import READERS
from .boxes import BoxDataset, listed_names, unique_names
from .faults import picture_size
from .image_list import find_file, read_lines
from .json_text import entry, read_json
from .voc import NAMES

WITHOUT_BOX = ("point", "points", "line", "linestrip")


@READERS.register
class LabelMeDetection(BoxDataset):
    """The pictures of LabelMe's JSON files; a rectangle, polygon, mask or circle gives the box around it.

    root: the folder of the data set. file: a list of pictures or JSON files, one a line, from `root`; without one,
    all JSON files under `root`, sorted. A picture's JSON lies beside it. labels: file of the class names, one a line;
    by default labels.txt or label_list.txt in `root`, and if there is none, the classes are the names that occur,
    sorted. Corners may come in any order, as people drag them. Points and lines are left out and counted. Raises
    DataError, with the file, for a missing or damaged JSON, a name that is not in the list of class names, and if
    none of the pictures is there.
    """

    def __init__(self, root, file=None, labels=None):
        super().__init__(root)
        folder = Path(self.root)
        read = [self._read(path) for path in self._files(file)]
        self.classes, names = listed_names(labels, [folder], NAMES)
        self.found = self.classes is None
        if not read:
            raise DataError(f"{self.file}: no LabelMe files here; it needs a JSON beside each picture")
        if self.found:
            self.classes = unique_names(sorted({name for *_, own, _ in read for name in own}), self.file)
        number = {name: i for i, name in enumerate(self.classes)}
        for source, path, size, own, boxes in read:
            unknown = next((name for name in own if name not in number), None)
            if unknown is not None:
                raise DataError(f"{source}: the class {show(unknown)} is not in {names}; correct it or add it there")
            self.add(path, size or picture_size(path), boxes, [number[name] for name in own])
        self.require_pictures(self.file, "each JSON names its picture in `imagePath`")

    def _files(self, file):
        """Paths of the JSON files; sets `file`."""
        folder = Path(self.root)
        if file is None:
            self.file = folder
            return sorted(path for path in folder.rglob("*.json") if not path.name.startswith("."))
        self.file = find_file(file, [folder, Path.cwd()], "the list of pictures")
        paths = []
        for line, text in read_lines(self.file):
            path = Path(folder, text.strip().replace("\\", "/")).with_suffix(".json")
            if not path.is_file():
                raise DataError(f"{self.file}, line {line}: {path} is missing; add it or remove the line")
            paths.append(path)
        return paths

    def _read(self, source):
        """(JSON, picture, size or None, class names, boxes) of a JSON file."""
        content = read_json(source)
        if not isinstance(content.get("shapes"), list):
            raise DataError(f"{source}: is no LabelMe file, for it has no list 'shapes'; move it out of the data set")
        if not isinstance(content.get("imagePath"), str):
            raise DataError(f"{source}: has no 'imagePath', the name of its picture; add it or remove the file")
        with entry(source, "imageWidth or imageHeight"):
            path = _picture(source, content["imagePath"].replace("\\", "/"))
            size = int(content.get("imageWidth") or 0), int(content.get("imageHeight") or 0)
        names, boxes = [], []
        for i, shape in enumerate(content["shapes"]):
            with entry(source, f"shapes[{i}]"):
                kind = shape.get("shape_type") or "polygon"
                if kind in WITHOUT_BOX:
                    self.drop(path, "shape without a box", f"shapes[{i}] of {source.name} is a {kind}, left out")
                    continue
                boxes.append(bounds(kind, shape["points"]))
                names.append(str(shape["label"]))
        return source, path, size if min(size) > 0 else None, names, boxes


def bounds(kind, points):
    """(x1, y1, x2, y2) around a shape's points [[x, y], ...]; a circle's are its centre and a point on its rim."""
    points = [(float(x), float(y)) for x, y in points]
    if not points:
        raise ValueError("it has no points")
    if kind == "circle":
        (x, y), rim = points
        radius = math.dist((x, y), rim)
        return x - radius, y - radius, x + radius, y + radius
    columns, rows = zip(*points)
    return min(columns), min(rows), max(columns), max(rows)


def _picture(source, named):
    """The picture that a JSON names, from its own folder; beside it, if the picture was moved along with the JSON."""
    candidates = [source.parent / named, source.parent / Path(named).name]
    return next((path for path in candidates if path.is_file()), candidates[0])
