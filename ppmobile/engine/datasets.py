"""The datasets of a config, scanned before anything trains, with the same bad files left out in every process."""

import hashlib

import numpy as np

from ..data import READERS
from ..data.check import enforce, scan
from ..errors import ConfigError, DataError, PPMobileError
from ..home import cache_home
from ..schema import DEFAULT_PARTS
from . import parallel

SPLITS = ("train", "val", "test")
NEEDS = {"classify": ("label", "a class for each picture", "ImageFolder or ImageList"),
         "detect": ("boxes", "boxes", "CocoDetection, VocDetection, YoloDetection or LabelMeDetection")}


def open_split(config, split):
    """The dataset of data.train, data.val or data.test; errors name the config's place."""
    part = getattr(config.data, split) if config.data else None
    if part is None:
        raise ConfigError(f"data.{split}: is missing; name a reader, for example {{name: ImageFolder, root: FOLDER}}")
    try:
        dataset = READERS.build(part, f"data.{split}")
    except DataError as error:
        raise DataError(f"data.{split}: {error}") from error
    if not len(dataset):
        raise DataError(f"data.{split}: holds no pictures; is the path right?")
    key, meaning, readers = NEEDS.get(config.task, (None, "", ""))
    if key and key not in dataset.items[0]:
        raise ConfigError(f"data.{split}: {part['name']} gives no {key}, but task {config.task!r} needs {meaning}; "
                          f"take {readers}")
    return dataset


def prepare(config):
    """(train, val or None), of the same classes, without unreadable files."""
    train = scanned(config, open_split(config, "train"), "train")
    require_boxes(train, "train")
    absent = absent_classes(train)
    if absent and parallel.rank() == 0:
        print(f"data.train: no box to learn of {len(absent)} of the {len(train.classes)} classes: {shorten(absent)}")
    if config.data.val is None:
        return train, None
    val = scanned(config, open_split(config, "val"), "val")
    compare_classes(train, val, "val")
    require_boxes(val, "val")
    return train, val


def require_boxes(dataset, split):
    """DataError if the pictures of a detection dataset hold no box to learn, or to measure by, in all."""
    if not dataset.items or "boxes" not in dataset.items[0] or any(len(own) for own in counted(dataset)):
        return
    difficult = sum(len(item["boxes"]) for item in dataset.items)
    found = [f"{difficult} are difficult or crowds, which do not count"] if difficult else []
    left_out = next((one for one in dataset.faulty if one[2].endswith("left out")), None)
    if left_out:
        found.append(f"{dataset.dropped} are faulty, the first in {': '.join(left_out)}")
    why = "; ".join(found) + "; correct them" if found else "there are none at all; is it the right file?"
    purpose = "learn" if split == "train" else "measure"
    raise DataError(f"data.{split}: its {len(dataset)} pictures hold no box to {purpose}: {why}")


def counted(dataset):
    """The labels of each picture's boxes that are learnt and counted, as arrays (N,); not those of difficult ones."""
    return [item["labels"][~item["difficult"]] for item in dataset.items]


def absent_classes(dataset):
    """Names of the classes of a detection dataset of which there is no box to learn; of another dataset []."""
    if "boxes" not in dataset.items[0]:
        return []
    seen = set(np.concatenate(counted(dataset)).tolist())
    return [name for label, name in enumerate(dataset.classes) if label not in seen]


def compare_classes(train, other, split):
    """DataError unless the dataset `other`, of the split so called, has the class names of `train`.

    Boxes are labelled by the ids of a file, which may differ from split to split: they are renumbered by name.
    """
    if hasattr(other, "align"):
        try:
            other.align(train.classes)
        except DataError as error:
            raise DataError(f"data.{split}: {error}") from error
    if list(train.classes) != list(other.classes):
        raise DataError(f"data.{split}: its classes {shorten(other.classes)} are not those of data.train "
                        f"{shorten(train.classes)}; both need the same names in the same order")


def anchors_of(config):
    """The [width, height] of the anchors that the config's head takes, or its default; [] if it has no such option."""
    from ..models import HEADS

    head = {"name": DEFAULT_PARTS[config.task]["head"], **(config.model.head or {})}
    parameter = HEADS.options(head["name"]).get("anchors")
    anchors = head.get("anchors", parameter.default) if parameter else []
    pairs = isinstance(anchors, (list, tuple)) and all(isinstance(pair, (list, tuple)) and len(pair) == 2
                                                       for pair in anchors)
    return [list(pair) for pair in anchors] if pairs else []


def scanned(config, dataset, split):
    """`dataset` without its unreadable files, whose number is printed; DataError if it exceeds data.max_bad."""
    dropped = getattr(dataset, "dropped", 0)
    if dropped and parallel.rank() == 0:
        print(f"data.{split}: faulty boxes left out: {dropped}; ppmobile check names them")
    if not config.data.check:
        return dataset
    error = ""
    if parallel.rank() == 0:  # the first process looks, all others wait and drop the same files
        try:
            skipped = enforce(dataset, look(dataset), config.data.max_bad)
            if skipped:
                print(f"data.{split}: {skipped} unreadable pictures are left out (data.max_bad {config.data.max_bad})")
        except PPMobileError as problem:
            error = f"data.{split}: {problem}"
    error, items, bad = parallel.gather((error, dataset.items, dataset.bad))[0]
    if error:
        raise DataError(error)
    dataset.items, dataset.bad = items, bad
    return dataset


def look(dataset):
    """The scan's Report; what it learns of the files is kept in the cache folder, one file a dataset root."""
    name = hashlib.sha256(str(dataset.root).encode()).hexdigest()[:16]
    return scan(dataset, cache_home() / "scans" / f"{name}.json")


def shorten(names):
    """A list of class names, cut after eight."""
    names = [str(n) for n in names]
    return "[" + ", ".join(names[:8]) + (f", ... {len(names)} in all" if len(names) > 8 else "") + "]"
