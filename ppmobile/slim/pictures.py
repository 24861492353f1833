"""The pictures that post-training quantization sees: some to calibrate on, others to measure the loss with."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..data.frame import whole
from ..data.sample import Sample
from ..errors import DataError, ExportError
from ..files import list_images, read_image
from ..transforms import Compose
from .judge import judge_of

SEED = 0  # the same pictures each time, so that two runs give the same files
CHECKED = 200  # pictures to measure the loss with, at most: one of them is half a point


@dataclass
class Pictures:
    """Preprocessed pictures. images: (N, 3, H, W) float32. truths: what is right on each, in the form that the task's
    judge takes, or None if unknown. origin: in words."""

    images: np.ndarray
    truths: object
    origin: str

    def __len__(self):
        return len(self.images)


@dataclass
class Source:
    """Picture files in a fixed order. items: what their dataset says of each, or None. origin: in words."""

    paths: list
    items: object
    origin: str
    used: int = field(default=0)

    @property
    def left(self):
        """How many have not been taken yet."""
        return len(self.paths) - self.used


def gather(artefact, count, config=None, split="train", pictures=None):
    """(Pictures to calibrate on, Pictures to measure the loss with), no file in both.

    config: whose split `split` to calibrate on; the loss is then measured on its val split. pictures: instead, a
    folder, a pattern, or for a classifier a list file of `path label` lines. count: to calibrate on, at most. DataError
    without enough.
    """
    judge = judge_of(artefact)
    if pictures is not None:
        first = second = _given(judge, pictures)
    elif config is not None:
        first = _split(judge, config, split)
        other = split != "val" and config.data.val is not None
        second = _split(judge, config, "val") if other else first
    else:
        raise DataError(f"{artefact.folder}: int8 needs real pictures to calibrate on: give the training's config with "
                        "-c CONFIG, or pictures of the kind the model is for with --pictures FOLDER")
    steps = Compose(artefact.deploy["preprocess"], "preprocess")
    if first is second and first.left < 2:
        raise DataError(f"{first.origin}: {first.left} pictures are too few: one set is to calibrate on, another to "
                        "measure the loss with; give some dozens")
    wanted = min(count, first.left // 2) if first is second else count
    return _load(first, wanted, steps, judge), _load(second, CHECKED, steps, judge)


def take(artefact, count, config=None, pictures=None):
    """`count` Pictures at most, of the train split of a config or of `pictures`, as `gather` takes them; none is kept
    back to measure with.
    """
    judge = judge_of(artefact)
    source = _given(judge, pictures) if pictures is not None else _split(judge, config, "train")
    return _load(source, count, Compose(artefact.deploy["preprocess"], "preprocess"), judge)


def _given(judge, pictures):
    """The Source of --pictures."""
    path = Path(pictures)
    if path.suffix == ".txt":
        return _shuffled(judge.listed(path), judge, str(pictures))
    paths = list_images(pictures)
    order = np.random.default_rng(SEED).permutation(len(paths))
    return Source([paths[i] for i in order], None, str(pictures))


def _split(judge, config, split):
    """The Source of one split of a config; errors name the file that set what is wrong."""
    from ..engine.datasets import open_split
    from ..engine.run import located_errors

    with located_errors(config):
        return _shuffled(open_split(config, split), judge, f"data.{split}")


def _shuffled(dataset, judge, origin):
    artefact = judge.artefact
    try:
        if hasattr(dataset, "align"):  # ids of boxes differ from file to file: they are renumbered by name
            dataset.align(artefact.classes)
        labelled = judge.labelled(dataset.items)
    except DataError as error:
        raise DataError(f"{origin}: {error}") from error
    if list(dataset.classes) != list(artefact.classes):
        raise DataError(f"{origin}: its classes {list(dataset.classes)[:8]} are not those of {artefact.folder}: "
                        f"{artefact.classes[:8]}; take the data that the model was trained on")
    order = np.random.default_rng(SEED).permutation(len(dataset))
    items = [dataset.items[i] for i in order] if labelled else None
    return Source([dataset.paths[i] for i in order], items, origin)


def _load(source, count, steps, judge):
    """The next `count` Pictures of a Source; unreadable ones are passed over."""
    images, truths, reason = [], [], ""
    while source.left and len(images) < count:
        place, source.used = source.used, source.used + 1
        try:
            sample = steps(whole(Sample(image=read_image(source.paths[place]))))
        except DataError as error:
            reason = f" ({error})"
            continue
        if images and sample.image.shape != images[0].shape:
            raise ExportError(f"{source.paths[place]}: becomes {list(sample.image.shape)}, another picture "
                              f"{list(images[0].shape)}; int8 needs a preprocessing that gives all the same size")
        images.append(sample.image)
        truths.append(judge.truth(source.items[place], sample) if source.items else None)
    if not images:
        raise DataError(f"{source.origin}: no picture that can be read{reason}; is the path right?")
    origin = f"{len(images)} of {source.origin}"
    return Pictures(np.ascontiguousarray(np.stack(images), np.float32), truths if source.items else None, origin)
