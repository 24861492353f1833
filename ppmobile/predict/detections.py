"""What a detector answers on one picture: boxes in its own pixels, each with a class and a score."""

from dataclasses import dataclass, field, replace

import numpy as np

from .decode_boxes import to_original
from .results import Result, Timing

DRAW_THRESHOLD = 0.5  # the least score that is worth showing, where nobody says another


@dataclass(frozen=True)
class Detection:
    """One object. name, label: its class and the number of that. score: 0 to 1. box: (x1, y1, x2, y2) in pixels."""

    name: str
    score: float
    box: tuple
    label: int


@dataclass(frozen=True, eq=False, repr=False)
class Detections(Result):
    """The answer of a detector for one picture: a sequence of Detection, surest first. A part [:n] is Detections again.

    boxes: (k, 4) float32 xyxy in pixels of the original picture, within it. scores: (k,) float32. labels: (k,) int64.
    names: the class of each box. path, error, timing, source: as of a Classification.
    """

    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    scores: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    classes: tuple = ()
    source: object = None
    error: str = ""
    timing: Timing = field(default_factory=Timing)

    @classmethod
    def of(cls, rows, frame, size, threshold, **more):
        """Those of `rows` (k, 6) class, score, box in pixels of the input that score `threshold` or more.

        frame: (4,) where the picture lies in the input. size: (height, width) of the picture. more: other fields.
        """
        rows = to_original(rows[rows[:, 1] >= threshold], frame, size)
        rows = rows[np.argsort(-rows[:, 1], kind="stable")]
        return cls(rows[:, 2:].copy(), rows[:, 1].copy(), rows[:, 0].astype(np.int64), **more)

    @property
    def names(self):
        """The class name of each box."""
        return [self.classes[label] for label in self.labels]

    def above(self, threshold):
        """The Detections among these that score `threshold` or more."""
        chosen = self.scores >= threshold
        return replace(self, boxes=self.boxes[chosen], scores=self.scores[chosen], labels=self.labels[chosen])

    @property
    def lines(self):
        """The objects as texts such as 'person 97.3%'."""
        return [f"{name} {score:.1%}" for name, score in zip(self.names, self.scores)]

    def drawn(self, image=None, threshold=None):
        """The picture, or this `image` of it, with the boxes on it: (H, W, 3) uint8 RGB.

        threshold: leave out what scores less. A picture with a side below 400 pixels is enlarged by a whole factor.
        """
        from ..explain.draw_boxes import draw_boxes

        image = self.image() if image is None else image
        shown = self if threshold is None else self.above(threshold)
        # what is not certain is never rounded up to 100%
        tags = [f"{name} {min(score, 0.99):.0%}" for name, score in zip(shown.names, shown.scores)]
        return draw_boxes(image, shown.boxes, shown.labels, tags)

    def __len__(self):
        return len(self.boxes)

    def __getitem__(self, place):
        if isinstance(place, slice):
            return replace(self, boxes=self.boxes[place], scores=self.scores[place], labels=self.labels[place])
        box = tuple(float(value) for value in self.boxes[place])
        label = int(self.labels[place])
        return Detection(self.classes[label], float(self.scores[place]), box, label)

    def __iter__(self):
        return (self[place] for place in range(len(self)))

    def _found(self):
        return {"boxes": [{"class": one.name, "label": one.label, "score": round(one.score, 6),
                           "box": [round(value, 2) for value in one.box]} for one in self]}
