"""Boxes from a COCO file: one JSON of images, annotations and categories."""

import math
import os
from pathlib import Path

from ..errors import DataError
from ..wording import show
from .base import READERS
from .boxes import BoxDataset, unique_names
from .faults import picture_size
from .image_list import find_file
from .json_text import entry, read_json

PARTS = ("images", "annotations", "categories")


@READERS.register
class CocoDetection(BoxDataset):
    """The pictures of a COCO file with their boxes; the classes are its categories in the order of their ids.

    root: the folder of the data set. file: the JSON, looked for under `root`, then from the current directory.
    images: the folder under `root` that the file names start from. Crowds (`iscrowd`) count as difficult. Ids may
    have gaps and any order; pictures come in that of their ids, so that boxes of equal scores are ranked as by COCO's
    own evaluation; the areas are those of the file. Raises DataError for a damaged file, an annotation
    whose image or category is not listed, ids or names that stand there twice, and if none of the pictures is there.
    """

    def __init__(self, root, file, images=""):
        super().__init__(root)
        self.file = find_file(file, [Path(self.root), Path.cwd()], "the COCO file")
        content = read_json(self.file)
        for part in PARTS:
            if not isinstance(content.get(part), list):
                raise DataError(f"{self.file}: has no list {part!r}; a COCO file of boxes holds {', '.join(PARTS)}")
        labels = self._categories(content["categories"])
        places = self._images(content["images"])
        rows = self._annotations(content["annotations"], labels, places)
        for identity, (path, size) in places.items():
            self._add(os.path.join(self.root, images, path), size, rows[identity])
        self.require_pictures(self.file, "`images` must be the folder under `root` that its file names start from")

    def _add(self, path, size, rows):
        boxes, labels, crowd, areas = zip(*rows) if rows else ((), (), (), ())
        self.add(path, size or picture_size(path), boxes, labels, crowd, areas)

    def _categories(self, entries):
        """{category id: label}; fills `classes`."""
        names = {}
        for i, one in enumerate(entries):
            with entry(self.file, f"categories[{i}]"):
                self._once(names, one["id"], f"categories[{i}]")
                names[one["id"]] = str(one["name"])
        with entry(self.file, "the list of categories"):  # ids of different types have no order
            order = sorted(names)
        self.classes = unique_names([names[identity] for identity in order], self.file)
        return {identity: label for label, identity in enumerate(order)}

    def _images(self, entries):
        """{image id: (file name, (width, height) or None)} in the order of the ids."""
        places = {}
        for i, one in enumerate(entries):
            with entry(self.file, f"images[{i}]"):
                self._once(places, one["id"], f"images[{i}]")
                size = int(one.get("width") or 0), int(one.get("height") or 0)
                places[one["id"]] = one["file_name"].replace("\\", "/"), size if min(size) > 0 else None
        with entry(self.file, "the list of images"):
            return {identity: places[identity] for identity in sorted(places)}

    def _annotations(self, entries, labels, places):
        """{image id: [(xyxy, label, crowd, area), ...]}."""
        rows = {identity: [] for identity in places}
        for i, one in enumerate(entries):
            place = f"annotations[{i}]"
            with entry(self.file, place):
                image, category = one["image_id"], one["category_id"]
                if image not in rows:
                    raise DataError(f"{self.file}: {place} is of image {show(image)}, which the file does not list; "
                                    "remove the annotation or add the image")
                if category not in labels:
                    raise DataError(f"{self.file}: {place} is of category {show(category)}, which the file does not "
                                    "list; correct it or add the category")
                x, y, width, height = (float(number) for number in one["bbox"])
                area = float(one.get("area") or 0)
                area = area if 0 < area < math.inf else width * height
                rows[image].append(((x, y, x + width, y + height), labels[category], bool(one.get("iscrowd")), area))
        return rows

    def _once(self, seen, identity, place):
        """DataError if `identity` has been seen."""
        if identity in seen:
            raise DataError(f"{self.file}: {place}: the id {show(identity)} stands there twice; ids must be unique")
