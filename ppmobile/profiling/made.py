"""Pictures of 640x480 made for measuring, with classes or boxes, so that speed can be shown where no data set is."""

import json
from pathlib import Path

from ..errors import ConfigError
from ..files import write_bytes, write_text

CLASSES = {"classify": 100, "detect": 80}  # as many as COCO has, and as many as a typical task of classes
BOXES = 7  # in each picture, the mean of COCO's training pictures
SIDES = (20, 300)  # pixels of a box
DISTINCT = 8  # pictures; files beyond repeat them


def write_made(folder, task, count):
    """Write `count` JPEGs with labels for `task` into `folder`; returns the part {name: reader, options} that reads it.

    Each task's file: made.json (COCO) for detect, train_list.txt and labels.txt for classify. ConfigError for others.
    """
    folder = Path(folder)
    if task not in CLASSES:
        raise ConfigError(f"task: no pictures can be made for {task!r}; measure one of {', '.join(CLASSES)}")
    names = [f"{number:04d}.jpg" for number in range(count)]
    encoded = jpeg_640()
    for number, name in enumerate(names):
        write_bytes(folder / name, encoded[number % len(encoded)])
    if task == "detect":
        write_text(folder / "made.json", json.dumps(coco(names)))
        return {"name": "CocoDetection", "root": str(folder), "file": "made.json"}
    write_text(folder / "labels.txt", "".join(f"class {label}\n" for label in range(CLASSES[task])))
    write_text(folder / "train_list.txt", "".join(f"{name} {i % CLASSES[task]}\n" for i, name in enumerate(names)))
    return {"name": "ImageList", "root": str(folder), "file": "train_list.txt"}


def coco(names):
    """The content of a COCO file with BOXES random boxes for each of the 640x480 pictures `names`."""
    import numpy as np

    rng = np.random.default_rng(1)
    sides = rng.uniform(*SIDES, (len(names), BOXES, 2)).round(1)
    corners = (rng.random(sides.shape) * (np.array([640, 480]) - sides)).round(1)
    labels = rng.integers(CLASSES["detect"], size=(len(names), BOXES))
    images = [{"id": i, "file_name": name, "width": 640, "height": 480} for i, name in enumerate(names)]
    annotations = [{"id": i * BOXES + j, "image_id": i, "category_id": int(labels[i, j]), "iscrowd": 0,
                    "bbox": [*corners[i, j].tolist(), *sides[i, j].tolist()], "area": float(sides[i, j].prod())}
                   for i in range(len(names)) for j in range(BOXES)]
    categories = [{"id": i, "name": f"class {i}"} for i in range(CLASSES["detect"])]
    return {"images": images, "annotations": annotations, "categories": categories}


def jpeg_640(count=DISTINCT, quality=90):
    """`count` JPEGs of 640x480 with smooth shapes and fine noise, about as large as photos (80 to 180 kB)."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(count):
        smooth = cv2.resize(rng.integers(0, 255, (12, 16, 3)).astype(np.uint8), (640, 480),
                            interpolation=cv2.INTER_CUBIC)
        image = np.clip(smooth + rng.normal(0, 10, smooth.shape), 0, 255).astype(np.uint8)
        pictures.append(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes())
    return pictures
