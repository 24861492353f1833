"""What the metrics of detection share: the boxes found in each picture, and those that are truly there."""

import numpy as np

from ..errors import DataError, PPMobileError
from .base import Metric


class Detections(Metric):
    """Base: keeps the boxes found, and compares them with the dataset's once all are there.

    dataset: a reader of boxes, whose items hold boxes, labels, difficult and perhaps areas; no picture is
    decoded. Only the pictures that were updated count. A subclass offers `_measure()`, everything that it
    computes from the boxes; that is done once, when the first number is asked for.
    """

    def __init__(self, classes, dataset):
        super().__init__(classes)
        self.dataset = dataset
        self._found, self._measured = {}, None

    def update(self, outputs, batch):
        """Add the boxes `outputs` found in the pictures batch["index"] (n,), their positions in the dataset.

        outputs: a list of n arrays (k, 6) of class, score, x1, y1, x2, y2 in pixels of the original picture, in
        any order. PPMobileError for another shape, a class that is not there, and numbers that are not finite.
        """
        indices = np.asarray(batch["index"]).tolist()
        if len(indices) != len(outputs):
            raise PPMobileError(f"{type(self).__name__}: {len(outputs)} lists of boxes for {len(indices)} pictures; "
                                "give one a picture")
        for index, found in zip(indices, outputs):
            self._found[index] = self._checked(np.asarray(found, np.float32), index)
        self._measured = None

    def _checked(self, found, index):
        found = found.reshape(0, 6) if not found.size else found
        name, where = type(self).__name__, f"picture {index} of the dataset"
        if found.ndim != 2 or found.shape[1] != 6:
            raise PPMobileError(f"{name}: boxes of shape {found.shape} for {where}; expected (k, 6): class, score, x1, "
                                "y1, x2, y2")
        if not np.isfinite(found).all():
            raise PPMobileError(f"{name}: the model's boxes for {where} are not finite; go back to an earlier "
                                "checkpoint and train with a lower learning rate")
        if len(found) and not (0 <= found[:, 0].min() and found[:, 0].max() < len(self.classes)):
            raise PPMobileError(f"{name}: the model gives {where} a class outside 0..{len(self.classes) - 1}; evaluate "
                                "with the class list that it was trained on")
        return found

    def state(self):
        """{"index" (P,), "count" (P,) int64, "found" (K, 6) float32: the boxes of all pictures in a row}."""
        index, found = self._collected()
        count = np.array([len(one) for one in found], np.int64)
        return {"index": np.array(index, np.int64), "count": count, "found": joined(found, (0, 6), np.float32)}

    def merge(self, state):
        """Add the `state()` of a metric of the same dataset that saw other pictures."""
        parts = np.split(np.asarray(state["found"]), np.cumsum(state["count"])[:-1])
        self._found.update(zip(np.asarray(state["index"]).tolist(), parts))
        self._measured = None

    @property
    def indices(self):
        """Positions in the dataset of the pictures seen, in its order, however they came."""
        return sorted(self._found)

    def _collected(self):
        """(indices, arrays of boxes) of the pictures seen."""
        return self.indices, [self._found[i] for i in self.indices]

    def answers(self, index):
        """[(box (4,), score)] that were found in a picture, by its position in the dataset."""
        return [(row[2:], float(row[1])) for row in self._found[index]]

    def found(self):
        """All boxes found: {"picture" (K,) position among those seen, "label" (K,), "score" (K,), "box" (K, 4)}."""
        _, found = self._collected()
        rows = joined(found, (0, 6), np.float32)
        picture = np.repeat(np.arange(len(found)), [len(one) for one in found])
        return {"picture": picture, "label": rows[:, 0].astype(np.int64), "score": rows[:, 1], "box": rows[:, 2:]}

    def truth(self):
        """All boxes of the pictures seen: {"picture", "label", "difficult", "area" (M,), "box" (M, 4)}.

        DataError if there are none that count.
        """
        index, _ = self._collected()
        items = [self.dataset.items[i] for i in index]
        box = joined([item["boxes"] for item in items], (0, 4), np.float32)
        difficult = joined([item["difficult"] for item in items], (0,), bool)
        if difficult.all():
            raise DataError(f"{type(self).__name__}: there is nothing to evaluate: no box in {len(items)} pictures")
        areas = [item.get("areas", (item["boxes"][:, 2:] - item["boxes"][:, :2]).prod(1)) for item in items]
        return {"picture": np.repeat(np.arange(len(items)), [len(item["boxes"]) for item in items]), "box": box,
                "label": joined([item["labels"] for item in items], (0,), np.int64), "difficult": difficult,
                "area": joined(areas, (0,), np.float32)}

    def measured(self):
        """What `_measure` gives, computed once."""
        if self._measured is None:
            self._measured = self._measure()
        return self._measured

    def counts(self):
        """(C,) int: the boxes of each class that count."""
        truth = self.truth()
        return np.bincount(truth["label"][~truth["difficult"]], minlength=len(self.classes))


def joined(arrays, shape, kind):
    """The arrays in a row, as `kind`; an empty one of `shape` if there are none."""
    return np.concatenate([np.zeros(shape, kind), *arrays]).astype(kind)


def plain(value):
    """A number as a float, None if it is NaN: then there was nothing to measure."""
    return None if np.isnan(value) else float(value)
