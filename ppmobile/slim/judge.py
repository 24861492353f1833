"""What a task's answers are and what int8 costs them: all that post-training quantization knows of tasks.

An answer is that to one picture: the probabilities of a classifier, the boxes of a detector.
"""

from types import SimpleNamespace

import numpy as np

from ..data import READERS
from ..errors import DataError
from ..export import matched
from ..metrics import METRICS
from ..predict.answers import reader
from ..predict.decode_boxes import pairwise_iou, to_original
from .loss import MAP50, TOP1, Loss

SMALLEST = 1e-6  # probabilities below count as this: their logarithms are rounding
AGAIN = 0.5  # a box that would be drawn counts as found again if it scores this share of the threshold


def judge_of(artefact):
    """The judge for the task of an Artefact. ExportError for a task that cannot be predicted."""
    read = reader(artefact.deploy, artefact.folder).read
    cls = {"classify": ClassJudge, "detect": BoxJudge}[artefact.deploy["task"]]
    return cls(artefact, lambda outputs: read(outputs, 1, str(artefact.folder))[0])


class ClassJudge:
    """Judges classifiers. read: makes the answer, (C,) probabilities, of the outputs for one picture.

    pictures: enough to tell layers apart by an order of magnitude, few enough to do it for each layer.
    """

    measure, pictures = TOP1, 12

    def __init__(self, artefact, read):
        self.artefact, self.read = artefact, read

    def listed(self, path):
        """The dataset of a list file with lines of `path label`."""
        return READERS.build({"name": "ImageList", "root": str(path.parent), "file": path.name}, "--pictures")

    def labelled(self, items):
        """Whether a dataset's items, dicts, tell what is right on each picture."""
        return min(item.get("label", -1) for item in items) >= 0

    def truth(self, item, sample):
        """What is right on a picture: its class."""
        return item["label"]

    def error(self, got, want):
        """How far the answers of one net are from another's, to compare layers: see `log_error`."""
        return log_error(got, want)

    def cost(self, got, want, truths=None):
        """The Loss of the answers `got` of int8 and `want` of fp32. truths: one a picture, or None if unknown.

        The agreement is the share of pictures with the same top class.
        """
        tops = [np.asarray(answers).argmax(axis=1) for answers in (got, want)]
        accuracies = () if truths is None else (float(np.mean(top == np.asarray(truths))) for top in tops)
        return Loss(float(np.mean(tops[0] == tops[1])), *accuracies)


class BoxJudge:
    """Judges detectors. read: makes the answer, (k, 6) rows of decode_boxes.nms, of the outputs for one picture.

    pictures: as of ClassJudge; fewer, for each has several boxes and takes several times as long.
    """

    measure, pictures = MAP50, 6

    def __init__(self, artefact, read):
        self.artefact, self.read = artefact, read
        self.level = artefact.deploy["postprocess"]["draw_threshold"]

    def listed(self, path):
        """DataError: a list of pictures tells no boxes."""
        raise DataError(f"--pictures {path}: a list tells a class for each picture, but this model finds boxes; give "
                        "the training's config with -c CONFIG, or a folder of pictures")

    def labelled(self, items):
        """Whether a dataset's items, dicts, tell what is right; DataError if they do, but there is nothing to find."""
        if "boxes" not in items[0]:
            return False
        if all(item["difficult"].all() for item in items):
            raise DataError("no box in all its pictures to measure the loss with; take a split with boxes")
        return True

    def truth(self, item, sample):
        """What is right on a picture: its boxes, and the way back to its pixels from those of the input."""
        return {**item, "frame": sample.frame, "size": sample.size}

    def error(self, got, want):
        """How far the answers of one net are from another's, to compare layers: see `box_error`."""
        return box_error(got, want)

    def cost(self, got, want, truths=None):
        """The Loss of the answers `got` of int8 and `want` of fp32. truths: one a picture, or None if unknown.

        The agreement is the share, by score, of the boxes over the threshold for drawing that the other net finds too:
        of the same class, with an IoU of 0.5 or more, and at least half that threshold as score.
        """
        least = AGAIN * self.level
        both = [[matched.Found(rows[rows[:, 1] >= least]) for rows in answers] for answers in (got, want)]
        share = matched.alike(*both, self.level, "int8").share
        accuracies = () if truths is None else (self._map50(answers, truths) for answers in (got, want))
        return Loss(1.0 if share is None else share, *accuracies, measure=MAP50)

    def _map50(self, answers, truths):
        """Mean average precision at IoU 0.5, 0 to 1, in pixels of the original pictures."""
        metric = METRICS.get("VocMap")(self.artefact.classes, SimpleNamespace(items=truths))
        rows = [to_original(one, truth["frame"], truth["size"]) for one, truth in zip(answers, truths)]
        metric.update(rows, {"index": np.arange(len(rows))})
        return metric.result()[MAP50.key]


def log_error(got, want):
    """Root mean square of the difference of the log-probabilities (N, C)."""
    logs = [np.log(np.maximum(np.asarray(values, np.float64), SMALLEST)) for values in (got, want)]
    return float(np.sqrt(np.mean((logs[0] - logs[1]) ** 2)))


def box_error(got, want):
    """The share, by score, of what the boxes of two nets do not have in common, 0 to 1. Lists of rows (k, 6).

    Each box, of either net, has in common with the other net the best product of overlap and ratio of the scores that a
    box there of its class offers: 1 for its equal. It needs no threshold, and no order of the boxes, which two-stage
    nets would not keep.
    """
    total = common = 0.0
    for one, other in zip(got, want):
        low, high = (pick(one[:, None, 1], other[None, :, 1]) for pick in (np.minimum, np.maximum))
        alike = pairwise_iou(one[:, 2:], other[:, 2:]) * (one[:, None, 0] == other[None, :, 0]) * low / high
        for axis, rows in ((1, one), (0, other)):
            total += float(rows[:, 1].sum())
            common += float((rows[:, 1] * alike.max(axis=axis, initial=0)).sum())
    return 1 - common / total if total else 0.0
