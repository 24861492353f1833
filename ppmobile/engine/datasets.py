"""The datasets of a config, scanned before anything trains, with the same bad files left out in every process."""

import hashlib

from ..data import READERS
from ..data.check import enforce, scan
from ..errors import ConfigError, DataError, PPMobileError
from ..home import cache_home
from . import parallel

SPLITS = ("train", "val", "test")


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
    return dataset


def prepare(config):
    """(train, val or None), of the same classes, without unreadable files."""
    train = scanned(config, open_split(config, "train"), "train")
    if config.data.val is None:
        return train, None
    val = scanned(config, open_split(config, "val"), "val")
    compare_classes(train, val, "val")
    return train, val


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


def scanned(config, dataset, split):
    """`dataset` without its unreadable files, whose number is printed; DataError if it exceeds data.max_bad."""
    dropped = getattr(dataset, "dropped", 0)
    if dropped and parallel.rank() == 0:
        print(f"data.{split}: {dropped} faulty boxes are left out; ppmobile check names them")
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
