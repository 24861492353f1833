"""What a predictor answers on one picture: its classes or its boxes, how long it took, or why there is no answer."""

from dataclasses import dataclass, field
from typing import Optional

import numpy as np

from ..errors import DataError
from . import pictures
from .answers import ranked


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


class Result:
    """Base of the answers: `source` is what was given, `error` why there is no answer, `lines` the answer as texts."""

    @property
    def path(self):
        """The picture's path as a text, '' for bytes and arrays."""
        return pictures.name_of(self.source)

    def image(self):
        """(H, W, 3) uint8 RGB of the picture. It is read again: a result keeps none. DataError without an answer."""
        if self.error:
            raise DataError(f"{self.path or 'picture'}: there is no answer to draw: {self.error}")
        return pictures.read(self.source)

    def draw(self, path, **options):
        """Write the picture with the answers on it to `path`, in the format of its suffix; options: of `drawn`."""
        from ..files import write_image

        write_image(path, self.drawn(**options))

    def to_dict(self):
        """The answer as plain values, ready for JSON: "path" or None, and "error", or what was found."""
        return {"path": self.path or None, **({"error": self.error} if self.error else self._found())}

    def __repr__(self):
        text = f"error: {self.error}" if self.error else ", ".join(self.lines) or "nothing found"
        return f"<{self.path + ': ' if self.path else ''}{text}>"


@dataclass(frozen=True, eq=False, repr=False)
class Classification(Result):
    """The answer of a classifier for one picture.

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
    def names(self):
        """[the most probable class]; [] without an answer."""
        return [] if self.error else [self.name]

    @property
    def lines(self):
        """The answers as texts such as 'cat 97.3%'."""
        return [f"{name} {score:.1%}" for name, score in self.top]

    def drawn(self, image=None):
        """The picture, or this `image` of it, with the answers in a strip below: (H + strip, W, 3) uint8 RGB."""
        from ..explain.draw import label

        return label(self.image() if image is None else image, self.lines)

    def _found(self):
        return {"top": [{"class": name, "score": round(score, 6)} for name, score in self.top]}
