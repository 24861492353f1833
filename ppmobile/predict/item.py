"""One picture on its way through a predictor, with the seconds that each step took."""

import time

import numpy as np

from ..data.frame import whole
from ..data.loader import transformed
from ..data.sample import Sample
from ..errors import ConfigError, DataError
from ..wording import expected
from . import pictures
from .detections import Detections
from .results import Classification, Timing


class Item:
    """One picture on its way: source, then sample, then answer or error, and the seconds of each step."""

    def __init__(self, source):
        self.source, self.sample, self.answer, self.error, self.seconds = source, None, None, "", []

    @property
    def tensor(self):
        """(3, H, W) float32 for the graph."""
        return self.sample.image

    def prepare(self, steps, shape, place="preprocess"):
        """Read and preprocess by the steps of `place`; shape: [N, 3, H, W] that the graph takes."""
        start = time.perf_counter()
        try:
            image = pictures.read(self.source)
            read = time.perf_counter()
            sample = whole(Sample(image=image, path=pictures.name_of(self.source) or "the picture"))
            sample = transformed(sample, steps, place=place)
            _check_size(sample.image, shape)
        except DataError as error:
            self.error = pictures.complaint(error)
            return
        self.sample, self.seconds = sample, [read - start, time.perf_counter() - read]

    def finish(self, answer, *seconds):
        """Note what the graph answered, and the seconds of the run and of reading its answer; frees the tensor."""
        self.answer, self.sample = answer, self.sample.copy(image=None)
        self.seconds += seconds

    def classified(self, classes, topk):
        """The Classification."""
        return Classification(self.answer, classes, topk, self.source, self.error, Timing(*self.seconds))

    def detected(self, classes, threshold):
        """The Detections of at least that score."""
        more = {"classes": classes, "source": self.source, "error": self.error, "timing": Timing(*self.seconds)}
        if self.error:
            return Detections(**more)
        return Detections.of(self.answer, self.sample.frame, self.sample.size, threshold, **more)


def _check_size(tensor, shape):
    """DataError if a preprocessed picture is not of the size that a fixed graph takes."""
    if any(want not in (-1, have) for have, want in zip(tensor.shape, shape[1:])):
        raise DataError(f"preprocessing gives {list(tensor.shape)}, but the graph takes {shape[1:]}; export the model "
                        "with --dynamic size, or add a CenterCrop to transforms.eval")


def finisher(deploy, topk=None, threshold=None):
    """(function from an Item to its result, least score of boxes) by task, classes and postprocess of a deploy.yml.

    topk, threshold: what a user wants instead of the numbers there. ConfigError for one that is out of range, or that
    belongs to another task.
    """
    classes, usual = tuple(deploy["classes"]), deploy["postprocess"]
    if deploy["task"] == "detect":
        if topk is not None:
            raise ConfigError("topk: belongs to classification; this model finds boxes, choose them by threshold")
        least = share("threshold", usual["draw_threshold"] if threshold is None else threshold)
        return (lambda item: item.detected(classes, least)), least
    if threshold is not None:
        raise ConfigError("threshold: belongs to detection; this model tells classes, choose them by topk")
    most = min(at_least_one("topk", usual["topk"] if topk is None else topk), len(classes))
    return (lambda item: item.classified(classes, most)), 0.0


def at_least_one(name, value):
    """A whole number >= 1, else a ConfigError of one line."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise ConfigError(f"{name}: {expected(int, value)}")
    if value < 1:
        raise ConfigError(f"{name}: must be at least 1, got {value}")
    return int(value)


def share(name, value):
    """A number from 0 to 1, else a ConfigError of one line."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise ConfigError(f"{name}: {expected(float, value)}")
    if not 0 <= value <= 1:
        raise ConfigError(f"{name}: must be from 0 to 1, got {value}")
    return float(value)
