"""Six little pictures of coloured boxes in any of the four formats, to be damaged by tests, and a config for them."""

import json
from pathlib import Path

import numpy as np
import yaml

from ppmobile.files import write_image, write_text

SIDE = 64  # pixels
CLASSES = ["猫 cat", "dog"]
STEPS = [{"name": "Resize", "size": SIDE}, {"name": "Normalize"}, {"name": "ToCHW"}]


class BoxSet:
    """The pictures and boxes below a folder; a test changes what stands in here, then calls `config_file`.

    boxes: {picture's name without suffix: [(class number, x1, y1, x2, y2), ...]}. coco: {part: content of its JSON};
    voc, yolo, labelme: {name: content}. lists: {part: names}, for VOC. config: the tree of the config.
    """

    def __init__(self, folder, reader="CocoDetection"):
        self.folder, self.root, self.reader = Path(folder), Path(folder) / "图片 é", reader
        rng = np.random.default_rng(3)
        self.boxes = {f"图 {i}": self._picture(f"图 {i}", rng) for i in range(6)}
        self.lists = {"train": list(self.boxes), "val": list(self.boxes)[:3]}
        self.coco = {part: self.coco_of(names) for part, names in self.lists.items()}
        self.voc = {name: voc_of(name, own) for name, own in self.boxes.items()}
        self.yolo = {name: yolo_of(own) for name, own in self.boxes.items()}
        self.labelme = {name: labelme_of(name, own) for name, own in self.boxes.items()}
        self.names = "\n".join(CLASSES) + "\n"
        self.config = self._tree()

    def _picture(self, name, rng):
        image, own = rng.integers(0, 90, (SIDE, SIDE, 3)).astype(np.uint8), []
        for label, color in enumerate([(220, 40, 40), (40, 40, 220)]):
            (x, y), (width, height) = rng.integers(2, 30, 2).tolist(), rng.integers(10, 30, 2).tolist()
            image[y:y + height, x:x + width] = color
            own.append((label, x, y, x + width, y + height))
        write_image(self.picture(name), image)
        return own

    def picture(self, name):
        """The Path of a picture."""
        return self.root / "images" / f"{name}.png"

    def coco_of(self, names, ids=(1, 2), classes=CLASSES):
        """A COCO tree of some pictures; ids: of the categories."""
        images, annotations = [], []
        for number, name in enumerate(names, 1):
            images.append({"id": number, "file_name": f"{name}.png", "width": SIDE, "height": SIDE})
            for label, x1, y1, x2, y2 in self.boxes[name]:
                annotations.append({"id": len(annotations) + 1, "image_id": number, "category_id": ids[label],
                                    "bbox": [x1, y1, x2 - x1, y2 - y1], "iscrowd": 0})
        categories = [{"id": one, "name": name} for one, name in zip(ids, classes)]
        return {"images": images, "annotations": annotations, "categories": categories}

    def _tree(self):
        part = {"name": self.reader, "root": str(self.root)}
        if self.reader == "CocoDetection":
            train, val = ({**part, "file": f"{one}.json", "images": "images"} for one in ("train", "val"))
        elif self.reader == "VocDetection":
            train, val = ({**part, "file": f"{one}.txt", "images": "images"} for one in ("train", "val"))
        else:
            train = val = {**part, "file": "images"} if self.reader == "YoloDetection" else part
        return {
            "task": "detect", "output": str(self.folder / "run"),
            "model": {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [8, 16, 32]},
                      "neck": {"name": "YOLOFPN", "channels": 16}, "head": {"name": "YOLOv3Head"}},
            "data": {"train": train, "val": dict(val)},
            "transforms": {"train": [{"name": "Flip"}, *STEPS], "eval": STEPS},
            "train": {"epochs": 1, "batch_size": 4, "lr": 0.001, "lr_per_images": 4, "visualdl": False},
            "eval": {"metric": {"name": "VocMap"}, "batch_size": 4}}

    def config_file(self):
        """Write the annotations and the config as they are now; the config's path."""
        self.write()
        file = self.folder / "config.yml"
        write_text(file, yaml.safe_dump(self.config, allow_unicode=True))
        return str(file)

    def write(self):
        """Write the annotations; a content of bytes or text is written as it is."""
        if self.reader == "CocoDetection":
            for part, content in self.coco.items():
                put(self.root / f"{part}.json", content)
        elif self.reader == "VocDetection":
            for name, content in self.voc.items():
                put(self.root / "Annotations" / f"{name}.xml", content)
            for part, names in self.lists.items():
                put(self.root / f"{part}.txt", "\n".join(names) + "\n")
        elif self.reader == "YoloDetection":
            for name, content in self.yolo.items():
                put(self.root / "labels" / f"{name}.txt", content)
            put(self.root / "classes.txt", self.names)
        else:
            for name, content in self.labelme.items():
                put(self.root / "images" / f"{name}.json", content)


def put(path, content):
    """Write bytes, a text, or a tree as JSON; nothing for None."""
    if content is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, (bytes, str)) else json.dumps(content)
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))


def voc_of(name, own):
    """The XML of a picture."""
    objects = "".join(
        f"<object><name>{CLASSES[label]}</name><difficult>0</difficult><bndbox><xmin>{x1 + 1}</xmin><ymin>{y1 + 1}"
        f"</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>" for label, x1, y1, x2, y2 in own)
    size = f"<size><width>{SIDE}</width><height>{SIDE}</height><depth>3</depth></size>"
    return f"<annotation><filename>{name}.png</filename>{size}{objects}</annotation>"


def yolo_of(own):
    """The text of a picture."""
    return "".join(f"{label} {(x1 + x2) / 2 / SIDE} {(y1 + y2) / 2 / SIDE} {(x2 - x1) / SIDE} {(y2 - y1) / SIDE}\n"
                   for label, x1, y1, x2, y2 in own)


def labelme_of(name, own):
    """The JSON tree of a picture."""
    shapes = [{"label": CLASSES[label], "points": [[x1, y1], [x2, y2]], "shape_type": "rectangle"}
              for label, x1, y1, x2, y2 in own]
    return {"imagePath": f"{name}.png", "imageWidth": SIDE, "imageHeight": SIDE, "imageData": None, "shapes": shapes}
