"""One picture on its way through a predictor, with the seconds that each step took."""

import time

from ..data.loader import transformed
from ..data.sample import Sample
from ..errors import DataError
from . import pictures
from .results import Classification, Timing


class Item:
    """One picture on its way: source, then tensor, then answer or error, and the seconds of each step."""

    def __init__(self, source):
        self.source, self.tensor, self.answer, self.error, self.seconds = source, None, None, "", []

    def prepare(self, steps, shape):
        """Read and preprocess; shape: [N, 3, H, W] that the graph takes."""
        start = time.perf_counter()
        try:
            image = pictures.read(self.source)
            read = time.perf_counter()
            sample = Sample(image=image, path=pictures.name_of(self.source) or "the picture")
            tensor = transformed(sample, steps, place="preprocess").image
            _check_size(tensor, shape)
        except DataError as error:
            self.error = pictures.complaint(error)
            return
        self.tensor, self.seconds = tensor, [read - start, time.perf_counter() - read]

    def result(self, classes, topk):
        """The Classification."""
        return Classification(self.answer, classes, topk, self.source, self.error, Timing(*self.seconds))


def _check_size(tensor, shape):
    """DataError if a preprocessed picture is not of the size that a fixed graph takes."""
    if any(want not in (-1, have) for have, want in zip(tensor.shape, shape[1:])):
        raise DataError(f"preprocessing gives {list(tensor.shape)}, but the graph takes {shape[1:]}; export the model "
                        "with --dynamic size, or add a CenterCrop to transforms.eval")
