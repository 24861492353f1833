"""Pseudo-labels: what a trained model is sure of on pictures without labels, written so that our readers read it."""

import contextlib
import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ..artefact import DEPLOY
from ..data.faults import picture_size
from ..errors import ConfigError, DataError
from ..files import list_images, write_json, write_text

LIST, BOXES, NAMES, SCORES = "pseudo_list.txt", "pseudo.json", "labels.txt", "scores.csv"


@dataclass
class Labelled:
    """What `label` did. reader: the part of a config that reads it. pictures: how many it looked at; kept: how many of
    them have labels now. counts: labels by class name. unreadable: [(path, reason)].
    """

    reader: dict
    pictures: int
    kept: int
    counts: Counter
    unreadable: list


def label(model, pictures, out, threshold=0.5):
    """Label all pictures of a folder by what a model answers with a score of `threshold` or more; gives a Labelled.

    model: an artefact, or a run folder or checkpoint. pictures: the folder, with its subfolders. out: the folder for a
    classifier's pseudo_list.txt and labels.txt, which ImageList reads, with the scores of all pictures in scores.csv;
    or for a detector's pseudo.json, which CocoDetection reads, with a score for each box. Pictures without a sure
    answer are left out. ConfigError for a threshold beyond 0..1, DataError if nothing is sure enough.
    """
    if not 0 <= threshold <= 1:
        raise ConfigError(f"threshold: must be from 0 to 1, got {threshold}")
    root, out = Path(pictures).absolute(), Path(out)
    if not root.is_dir():
        raise DataError(f"{pictures}: no such folder; give the folder of the pictures to label")
    with opened(model) as (classes, boxes, stream):
        results = list(stream(list_images(root), threshold if boxes else None))
    answered = [result for result in results if not result.error]
    kept = [one for one in answered if (len(one) if boxes else one.score >= threshold and listable(one.path))]
    if not kept:
        raise DataError(f"{pictures}: on none of the {len(results)} pictures is the model sure to {threshold:g}; lower "
                        "the threshold")
    write = write_boxes if boxes else write_classes
    reader = write(out, root, classes, kept, answered)
    counts = Counter(name for result in kept for name in (result.names if boxes else [result.name]))
    return Labelled(reader, len(results), len(kept), counts,
                    [(result.path, result.error) for result in results if result.error])


@contextlib.contextmanager
def opened(model):
    """(class names, whether it finds boxes, function from paths and a threshold to a stream of results) of a model."""
    with contextlib.ExitStack() as stack:
        if (Path(model) / DEPLOY).is_file():
            from ..predict import load

            trained = stack.enter_context(load(model))
            task = trained.artefact.deploy["task"]
        else:
            from ..engine.infer import Trained

            trained = Trained(model)
            task = trained.task
        yield list(trained.classes), task == "detect", lambda paths, least: trained.stream(paths, threshold=least)


def listable(path):
    """Whether a line of a list can name the picture: a line feed ends a line, and \\ is read as /."""
    return "\n" not in str(path) and "\\" not in Path(path).name


def write_classes(out, root, classes, kept, answered):
    """Write the list, the class names and all scores of Classifications; the part of a config that reads them."""
    lines = [f"{relative(one, root)} {one.index}" for one in kept]
    write_text(out / NAMES, "\n".join(f"{number} {name}" for number, name in enumerate(classes)) + "\n")
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("path", "class", "score"))
    writer.writerows((relative(one, root), one.name, f"{one.score:.4f}") for one in answered)
    write_text(out / SCORES, table.getvalue())
    write_text(out / LIST, "\n".join(lines) + "\n")
    return {"name": "ImageList", "root": str(root), "file": str((out / LIST).absolute())}


def write_boxes(out, root, classes, kept, answered):
    """Write the COCO file of Detections; the part of a config that reads it."""
    images, annotations = [], []
    for number, result in enumerate(kept, 1):
        width, height = picture_size(result.path)
        images.append({"id": number, "file_name": relative(result, root), "width": width, "height": height})
        for one in result:
            x1, y1, x2, y2 = one.box
            annotations.append({"id": len(annotations) + 1, "image_id": number, "category_id": one.label + 1,
                                "bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1), "iscrowd": 0,
                                "score": one.score})
    categories = [{"id": number, "name": name} for number, name in enumerate(classes, 1)]
    write_json(out / BOXES, {"images": images, "annotations": annotations, "categories": categories})
    return {"name": "CocoDetection", "root": str(root), "file": str((out / BOXES).absolute())}


def relative(result, root):
    """The path of a result's picture below `root`, with / on every system."""
    return Path(result.path).relative_to(root).as_posix()
