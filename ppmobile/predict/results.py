"""What a predictor answers: the classes of one picture, how long it took, or why there is no answer."""

from dataclasses import dataclass, field
from typing import Optional

import numpy as np

from ..errors import DataError
from . import pictures
from .decode import ranked


@dataclass(frozen=True)
class Timing:
    """Seconds that one picture took. decode: from file or bytes to RGB; a run of n pictures counts 1/n for each."""

    decode: float = 0.0
    preprocess: float = 0.0
    run: float = 0.0
    postprocess: float = 0.0

    @property
    def total(self):
        """Seconds from the source to the answer."""
        return self.decode + self.preprocess + self.run + self.postprocess


@dataclass(frozen=True, eq=False, repr=False)
class Classification:
    """The answer for one picture.

    probabilities: (C,) float32 in class order, None without an answer. index, name, score: the most probable class.
    top: [(name, score)], most probable first. path: the picture's file, '' for bytes and arrays. error: why there
    is no answer, in one line without the path; '' if there is one. timing: a Timing. source: what was given.
    """

    probabilities: Optional[np.ndarray] = None
    classes: tuple = ()
    topk: int = 5
    source: object = None
    error: str = ""
    timing: Timing = field(default_factory=Timing)

    @property
    def path(self):
        """The picture's path as a text, '' for bytes and arrays."""
        return pictures.name_of(self.source)

    @property
    def top(self):
        """[(class name, probability)] of the `topk` most probable classes; [] without an answer."""
        if self.error:
            return []
        return [(self.classes[i], float(self.probabilities[i])) for i in ranked(self.probabilities, self.topk)]

    @property
    def index(self):
        """The number of the most probable class, None without an answer."""
        return None if self.error else int(np.argmax(self.probabilities))

    @property
    def name(self):
        """The most probable class, None without an answer."""
        return None if self.error else self.classes[self.index]

    @property
    def score(self):
        """The probability of that class, 0 to 1; None without an answer."""
        return None if self.error else float(self.probabilities[self.index])

    @property
    def lines(self):
        """The answers as texts such as 'cat 97.3%'."""
        return [f"{name} {score:.1%}" for name, score in self.top]

    def draw(self, path):
        """Write the picture with the answers in a strip below it to `path`, in the format of its suffix.

        The picture is read again: a Classification keeps none. DataError if there is no answer to draw.
        """
        from ..explain.draw import label
        from ..files import write_image

        if self.error:
            raise DataError(f"{self.path or 'picture'}: there is no answer to draw: {self.error}")
        write_image(path, label(pictures.read(self.source), self.lines))

    def __repr__(self):
        text = f"error: {self.error}" if self.error else ", ".join(self.lines)
        return f"<{self.path + ': ' if self.path else ''}{text}>"
