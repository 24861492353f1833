"""Accuracy of a classifier, and which pictures and classes it gets wrong."""

import numpy as np

from ..errors import DataError, PPMobileError
from .base import METRICS, Metric

MISTAKE = {"index": np.int64, "true": np.int64, "predicted": np.int64, "probability": np.float64}


@METRICS.register
class TopK(Metric):
    """Top-1 and top-k accuracy, accuracy averaged over classes, cross-entropy, confusion and mistakes.

    k: the second accuracy counts a picture as right if its class is among the k most probable; it is left
    out where it says nothing (k of 1, or of all classes). confusion: (C, C) int64 counts, the true class
    in rows and the predicted one in columns. Between equal logits the lower class number wins.
    """

    main = "top1"

    def __init__(self, classes, k=5):
        super().__init__(classes)
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        count = len(self.classes)
        self.k = min(k, count)
        self.confusion = np.zeros((count, count), np.int64)
        self._hits, self._loss = 0, 0.0
        self._mistakes = []

    def update(self, outputs, batch):
        """Count logits `outputs` (N, C) against batch["label"] (N,); batch["index"] (N,) are dataset positions.

        A label outside 0..C-1 is a DataError; logits that are not finite are a PPMobileError.
        """
        logits = np.asarray(outputs, np.float64)
        label, index = np.asarray(batch["label"]), np.asarray(batch["index"])
        self._check(logits, label, index)
        rows = np.arange(len(label))
        own = logits[rows, label]
        log_sum = log_sum_exp(logits)
        predicted = logits.argmax(axis=1)
        np.add.at(self.confusion, (label, predicted), 1)
        self._hits += int((rank(logits, label) < self.k).sum())
        self._loss += float((log_sum - own).sum())
        wrong = predicted != label
        probability = np.exp(logits[rows, predicted] - log_sum)
        columns = (index[wrong], label[wrong], predicted[wrong], probability[wrong])
        self._mistakes.append(dict(zip(MISTAKE, columns)))

    def _check(self, logits, label, index):
        count = len(self.classes)
        if logits.shape != (len(label), count):
            raise PPMobileError(
                f"TopK: outputs of shape {logits.shape} do not fit {len(label)} labels of {count} classes; "
                "evaluate with the class list that the model was trained on"
            )
        outside = np.flatnonzero((label < 0) | (label >= count))
        if len(outside):
            place = outside[0]
            raise DataError(
                f"TopK: picture {index[place]} of the dataset has label {label[place]}, but there are {count} "
                "classes; correct its label or the class list"
            )
        broken = np.flatnonzero(~np.isfinite(logits).all(axis=1))
        if len(broken):
            raise PPMobileError(
                f"TopK: the model's outputs for picture {index[broken[0]]} of the dataset are not finite; go back to "
                "an earlier checkpoint and train with a lower learning rate"
            )

    @property
    def pictures(self):
        """How many pictures were counted."""
        return int(self.confusion.sum())

    def result(self):
        """{"top1", "top<k>", "mean_class_acc", "loss"}: accuracies in 0..1, loss in nats per picture."""
        if not self.pictures:
            raise DataError("TopK: there is nothing to evaluate; the dataset split is empty")
        numbers = {"top1": float(np.trace(self.confusion) / self.pictures)}
        if 1 < self.k < len(self.classes):
            numbers[f"top{self.k}"] = self._hits / self.pictures
        numbers["mean_class_acc"] = self._mean_class_accuracy()
        numbers["loss"] = self._loss / self.pictures
        return numbers

    def _mean_class_accuracy(self):
        """The recall averaged over the classes that occur."""
        truth = self.confusion.sum(axis=1)
        seen = truth > 0
        return float((np.diag(self.confusion)[seen] / truth[seen]).mean())

    def per_class(self):
        """A row {"class", "pictures", "precision", "recall", "f1"} for each class, in label order.

        A share of nothing (the recall of a class without pictures, the precision of one never predicted) is 0.
        """
        right = np.diag(self.confusion)
        truth, guess = self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        precision, recall = share(right, guess), share(right, truth)
        f1 = share(2 * right, truth + guess)
        rows = zip(self.classes, truth.tolist(), precision.tolist(), recall.tolist(), f1.tolist())
        return [dict(zip(("class", "pictures", "precision", "recall", "f1"), row)) for row in rows]

    def worst(self, n):
        """The `n` mistakes the model was surest of: a list of (index, true, predicted, probability).

        index is the position in the dataset, true and predicted are class numbers; equally sure ones come in
        the order of their index.
        """
        table = self._table()
        order = np.lexsort((table["index"], -table["probability"]))[:n]
        return list(zip(*(table[key][order].tolist() for key in MISTAKE)))

    def _table(self):
        """All mistakes as one {column: (M,) array}."""
        return {
            key: np.concatenate([np.zeros(0, kind), *(part[key] for part in self._mistakes)]).astype(kind)
            for key, kind in MISTAKE.items()
        }

    def state(self):
        """{"confusion" (C, C), "hits", "loss" (), and a (M,) array for each column of the mistakes}."""
        totals = {"confusion": self.confusion.copy(), "hits": np.array(self._hits), "loss": np.array(self._loss)}
        return {**totals, **self._table()}

    def merge(self, state):
        """Add the `state()` of a TopK of the same classes and k that saw other pictures."""
        self.confusion += state["confusion"]
        self._hits += int(state["hits"])
        self._loss += float(state["loss"])
        self._mistakes.append({key: np.asarray(state[key]) for key in MISTAKE})


def log_sum_exp(logits):
    """log(sum(exp(logits))) of each row of (N, C), shifted by the largest so that nothing overflows."""
    top = logits.max(axis=1)
    return top + np.log(np.exp(logits - top[:, None]).sum(axis=1))


def rank(logits, label):
    """How many classes come before the true one in each row: (N,) int, 0 = it is the prediction."""
    own = logits[np.arange(len(label)), label][:, None]
    tied_before = (logits == own) & (np.arange(logits.shape[1]) < label[:, None])
    return ((logits > own) | tied_before).sum(axis=1)


def share(part, whole):
    """part / whole of two count arrays, and 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
