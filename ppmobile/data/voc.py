"""Boxes from Pascal VOC: one XML a picture, and a list file that names them."""

import os
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..files import IMAGE_SUFFIXES
from ..wording import show
from .base import READERS
from .boxes import BoxDataset, listed_names, unique_names
from .faults import picture_size
from .image_list import find_file, read_lines

BOUNDS = ("xmin", "ymin", "xmax", "ymax")
NAMES = ("labels.txt", "label_list.txt")
PAIR = re.compile(r"(.+\.\w+)\s+(.+\.xml)", re.IGNORECASE)


@READERS.register
class VocDetection(BoxDataset):
    """The pictures that a list names, each with the objects of its XML.

    root: the folder of the data set. file: the list, looked for under `root`, under root/ImageSets/Main, then from
    the current directory; its lines are names (picture `images`/NAME.jpg or another suffix, annotation
    `annotations`/NAME.xml), or pairs `PICTURE XML` of paths under `root`. labels: file of the class names, one a
    line; by default labels.txt or label_list.txt beside the list or in `root`, and if there is none, the classes
    are the names that occur, sorted. A file counts pixels from 1 and its bounds lie inside the object, so that
    xmin 1 becomes x1 = 0 and xmax stays. Raises DataError, with the place, for a missing or damaged XML, a name that
    is not in the list of class names, and if none of the pictures is there.
    """

    def __init__(self, root, file, labels=None, images="JPEGImages", annotations="Annotations"):
        super().__init__(root)
        folder = Path(self.root)
        self.file = find_file(file, [folder, folder / "ImageSets" / "Main", Path.cwd()], "the list of pictures")
        self._images, self._annotations = folder / images, folder / annotations
        read = [self._read(line, text) for line, text in read_lines(self.file)]
        self.classes, names = listed_names(labels, [self.file.parent, folder], NAMES)
        self.found = self.classes is None
        if not read:
            raise DataError(f"{self.file}: names no pictures; list them, one a line")
        if self.found:
            self.classes = unique_names(sorted({name for *_, own, _ in read for name in own}), self.file)
        number = {name: i for i, name in enumerate(self.classes)}
        for xml, path, size, boxes, own, difficult in read:
            unknown = next((name for name in own if name not in number), None)
            if unknown is not None:
                raise DataError(f"{xml}: the class {show(unknown)} is not in {names}; correct it or add it there")
            self.add(path, size, boxes, [number[name] for name in own], difficult)
        self.require_pictures(self.file, f"`images` is the folder of the pictures, now {self._images}")

    def _read(self, line, text):
        """(XML, picture, size, boxes, names, difficult) of a line of the list."""
        pair = PAIR.fullmatch(text.strip())
        name = text.strip().replace("\\", "/")
        xml = Path(self.root, pair[2].replace("\\", "/")) if pair else self._annotations / f"{name}.xml"
        if not xml.is_file():
            raise DataError(f"{self.file}, line {line}: {xml} is missing; add it or remove the line")
        tree = parse(xml)
        if pair:
            path = os.path.join(self.root, pair[1].replace("\\", "/"))
        else:
            path = self._picture(name, Path(tree.findtext("filename") or "").suffix)
        return (xml, path, stated_size(tree, xml) or picture_size(path), *objects(tree, xml))

    def _picture(self, name, suffix):
        """The picture called `name`, with the suffix that the XML names if there are several or none."""
        candidates = [self._images / f"{name}{end}" for end in dict.fromkeys((suffix, *IMAGE_SUFFIXES)) if end]
        return next((path for path in candidates if path.is_file()), candidates[0])


def parse(xml):
    """The root element of an annotation file; DataError names the file and what is wrong with it."""
    try:
        root = ElementTree.fromstring(xml.read_bytes())
    except OSError as error:
        raise DataError(f"{xml}: cannot be read: {error.strerror}; check the file") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # LookupError: an unknown encoding
        raise DataError(f"{xml}: is cut off or no XML ({error}); get it again") from error
    if root.tag != "annotation":
        raise DataError(f"{xml}: is no VOC annotation: it begins with <{root.tag}>, not <annotation>")
    return root


def stated_size(tree, xml):
    """(width, height) in pixels as the XML states it, None where it does not (some tools write 0)."""
    size = tree.find("size")
    if size is None:
        return None
    width, height = (_number(size, tag, xml, 0) for tag in ("width", "height"))
    return (int(width), int(height)) if min(width, height) > 0 else None


def objects(tree, xml):
    """(boxes (N, 4) float64 xyxy from pixel 0, their class names, their `difficult` flags)."""
    boxes, names, difficult = [], [], []
    for entry in tree.findall("object"):
        name = (entry.findtext("name") or "").strip()
        bounds = entry.find("bndbox")
        if not name or bounds is None:
            lacks = "bndbox" if name else "name"
            raise DataError(f"{xml}: object {len(names) + 1} has no {lacks}; add it or remove the object")
        boxes.append([_number(bounds, tag, xml) for tag in BOUNDS])
        names.append(name)
        difficult.append(_number(entry, "difficult", xml, 0) > 0)
    boxes = np.array(boxes, np.float64).reshape(-1, 4)
    # the first pixel is 1; equal bounds stay equal, for whoever wrote them drew no box
    boxes[:, :2] -= boxes[:, :2] < boxes[:, 2:]
    return boxes, names, difficult


def _number(element, tag, xml, default=None):
    """The number in a child element. nan is a number here; a fault of the box, found later."""
    text = element.findtext(tag)
    if not (text or "").strip() and default is not None:
        return default
    try:
        return float(text)
    except (TypeError, ValueError):
        raise DataError(f"{xml}: <{tag}> is {show(text)}, not a number; correct it") from None
