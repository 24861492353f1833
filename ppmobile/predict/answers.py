"""From the numbers a graph gives to answers, in NumPy, by what deploy.yml says of them; alike for every runtime."""

import numpy as np

from ..errors import ExportError
from ..wording import show
from .decode_boxes import decode, nms

ADVICE = "run ppmobile verify on the artefact"


def reader(deploy, place="deploy.yml"):
    """What reads the outputs of a graph: an object with read(outputs, count, place), made for the fields of deploy.yml.

    ExportError, beginning with `place`, for a task that is not known.
    """
    task = deploy["task"]
    if task not in READERS:
        raise ExportError(f"{place}: task {show(task)} cannot be predicted; known: {', '.join(READERS)}")
    return READERS[task](deploy)


class Probabilities:
    """Reads a classifier: one probability for each class of `deploy`."""

    def __init__(self, deploy):
        self.classes = len(deploy["classes"])

    def read(self, outputs, count, place, size=None, least=0.0):
        """(count, C) float32 probabilities from a runtime's list of outputs; filled-up rows are left out.

        size, least: of detectors, not needed here. ExportError, beginning with `place`, unless there is one finite
        number for each class.
        """
        answer = np.asarray(outputs[0], np.float32)
        if answer.ndim != 2 or len(answer) < count or answer.shape[1] != self.classes:
            raise ExportError(f"{place}: the graph answers {list(answer.shape)} for {count} pictures of {self.classes} "
                              f"classes; {ADVICE}")
        check_finite([answer[:count]], place)
        return answer[:count].copy()


class Boxes:
    """Reads a detector that answers what its head gives before decoding; `deploy` has postprocess.raw and .nms."""

    def __init__(self, deploy):
        self.classes = len(deploy["classes"])
        self.raw, self.nms = deploy["postprocess"]["raw"], deploy["postprocess"]["nms"]
        self.size = tuple(deploy["input"]["shape"][2:])

    def read(self, outputs, count, place, size=None, least=0.0):
        """A list of `count` arrays (k, 6) float32: class, score, x1, y1, x2, y2 in pixels of the input, after NMS.

        size: (height, width) of the input, for a graph that takes any. least: the score from which boxes are wanted; a
        box is suppressed by better ones only, so leaving out the others first changes nothing but the time.
        ExportError, beginning with `place`, for outputs of other shapes than the head's, and for numbers that are not
        finite.
        """
        boxes, scores = self.candidates(outputs, count, place, size)
        below = np.nextafter(np.float32(least), np.float32(-1))  # nms takes what scores more than its threshold
        return nms(boxes, scores, **{**self.nms, "score_threshold": max(self.nms["score_threshold"], below)})

    def candidates(self, outputs, count, place, size=None):
        """(count, A, 4) boxes in pixels of the input and (count, A, C) scores, before NMS; arguments as of `read`."""
        outputs = [np.asarray(output, np.float32) for output in outputs]
        check_finite(outputs, place)
        size = self.size if size is None else tuple(size)
        if -1 in size:
            raise ExportError(f"{place}: the graph takes any size, so reading its boxes needs that of the input")
        shapes = f"{place}: the graph answers {[list(output.shape) for output in outputs]}"
        try:
            boxes, scores = decode(outputs, self.raw, size)
        except (ValueError, IndexError, TypeError, KeyError) as error:
            kind = show(self.raw.get("kind"))
            raise ExportError(f"{shapes}, which is not what a {kind} head gives; {ADVICE}") from error
        known = scores.ndim == 3 and len(scores) >= count and scores.shape[2] == self.classes
        if not known or boxes.shape[:2] != scores.shape[:2]:
            raise ExportError(f"{shapes} for {count} pictures of {self.classes} classes; {ADVICE}")
        return boxes[:count], scores[:count]


def ranked(scores, count):
    """Indices of the `count` largest of (C,) scores, the largest first; of equal ones the first class leads."""
    return [int(index) for index in np.argsort(-scores, kind="stable")[:count]]


READERS = {"classify": Probabilities, "detect": Boxes}


def check_finite(arrays, place):
    """ExportError, beginning with `place`, if a number in `arrays` is infinite or none at all."""
    if not all(np.isfinite(array).all() for array in arrays):
        raise ExportError(f"{place}: the graph answers with numbers that are not finite; {ADVICE}, or choose another "
                          "runtime")
