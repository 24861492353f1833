"""Writes the labels of generated scenes in the formats of COCO, VOC and YOLO and as a table of attributes.

A scene is what `scenes.py` draws: name, image (H, W, 3) and digits with box (xyxy, exclusive), mask, label
and attributes. Nothing is written atomically here, for the whole folder is (see generated.py).
"""

import csv
import json
import xml.etree.ElementTree as ElementTree

import numpy as np

NAMES = [str(i) for i in range(10)]
ATTRIBUTES = ("color", "size", "tilted")


def write_coco(folder, part, scenes):
    """annotations/instances_PART.json: category ids are label + 1, boxes x, y, width, height, masks RLE.

    `glyph` is not COCO's: the index of the digit in scikit-learn's set.
    """
    images, annotations = [], []
    for number, scene in enumerate(scenes, 1):
        height, width = scene.image.shape[:2]
        images.append({"id": number, "file_name": f"{scene.name}.png", "height": height, "width": width})
        for digit in scene.digits:
            x1, y1, x2, y2 = digit.box
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": digit.label + 1, "iscrowd": 0,
                "bbox": [x1, y1, x2 - x1, y2 - y1], "area": int(digit.mask.sum()),
                "segmentation": run_lengths(digit.mask), "attributes": attributes_of(digit),
                "glyph": digit.glyph,
            })
    categories = [{"id": i + 1, "name": name, "supercategory": "digit"} for i, name in enumerate(NAMES)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    _write(folder / "annotations" / f"instances_{part}.json", json.dumps(content))


def attributes_of(digit):
    """{attribute: value} of a digit."""
    return {name: getattr(digit, name) for name in ATTRIBUTES}


def run_lengths(mask):
    """A (H, W) bool mask as COCO's uncompressed RLE: run lengths of 0, 1, 0, ... down the columns."""
    pixels = mask.astype(np.int8).ravel(order="F")
    starts = np.flatnonzero(np.diff(pixels)) + 1
    bounds = np.concatenate([[0], starts, [pixels.size]])
    counts = np.diff(bounds).tolist()
    return {"size": list(mask.shape), "counts": [0, *counts] if pixels[0] else counts}


def write_voc(folder, part, scenes):
    """Annotations/NAME.xml with boxes counted from 1, both bounds inclusive, and ImageSets/Main/PART.txt."""
    for scene in scenes:
        root = ElementTree.Element("annotation")
        _add(root, folder="images", filename=f"{scene.name}.png")
        height, width = scene.image.shape[:2]
        _add(ElementTree.SubElement(root, "size"), width=width, height=height, depth=3)
        _add(root, segmented=1)
        for digit in scene.digits:
            x1, y1, x2, y2 = digit.box
            entry = ElementTree.SubElement(root, "object")
            _add(entry, name=NAMES[digit.label], truncated=0, difficult=0)
            _add(ElementTree.SubElement(entry, "bndbox"), xmin=x1 + 1, ymin=y1 + 1, xmax=x2, ymax=y2)
        _write(folder / "Annotations" / f"{scene.name}.xml", ElementTree.tostring(root, encoding="unicode") + "\n")
    _write(folder / "ImageSets" / "Main" / f"{part}.txt", "".join(f"{scene.name}\n" for scene in scenes))


def write_yolo(folder, part, scenes):
    """labels/NAME.txt of `class cx cy width height` in parts of the picture, classes.txt, and PART.txt of paths."""
    for scene in scenes:
        height, width = scene.image.shape[:2]
        lines = []
        for digit in scene.digits:
            x1, y1, x2, y2 = digit.box
            numbers = (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height
            lines.append(f"{digit.label} " + " ".join(f"{number:.8f}" for number in numbers) + "\n")
        _write(folder / "labels" / f"{scene.name}.txt", "".join(lines))
    _write(folder / "classes.txt", "".join(f"{name}\n" for name in NAMES))
    _write(folder / f"{part}.txt", "".join(f"images/{scene.name}.png\n" for scene in scenes))


def write_attributes(folder, part, scenes):
    """attributes_PART.csv: one row a digit, with the picture, the box (xyxy, exclusive), digit and attributes."""
    with open(folder / f"attributes_{part}.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "x1", "y1", "x2", "y2", "digit", *ATTRIBUTES])
        for scene in scenes:
            for digit in scene.digits:
                values = attributes_of(digit)
                values["tilted"] = int(digit.tilted)
                table.writerow([f"images/{scene.name}.png", *digit.box, NAMES[digit.label], *values.values()])


def _add(parent, **texts):
    """Append a child element with a text for each keyword."""
    for tag, text in texts.items():
        ElementTree.SubElement(parent, tag).text = str(text)


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
