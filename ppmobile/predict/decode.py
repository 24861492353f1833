"""From the numbers a graph gives to named answers, in NumPy, alike for every runtime."""

import numpy as np

from ..errors import ExportError


def probabilities(outputs, count, classes, place):
    """(count, C) float32 class probabilities from a runtime's list of outputs; filled-up rows are left out.

    ExportError, beginning with `place`, unless there is one finite number for each of `classes`.
    """
    answer = np.asarray(outputs[0], np.float32)
    if answer.ndim != 2 or len(answer) < count or answer.shape[1] != len(classes):
        raise ExportError(f"{place}: the graph answers {list(answer.shape)} for {count} pictures of {len(classes)} "
                          "classes; run ppmobile verify on the artefact")
    if not np.isfinite(answer[:count]).all():
        raise ExportError(f"{place}: the graph answers with numbers that are not finite; run ppmobile verify on the "
                          "artefact, or choose another runtime")
    return answer[:count].copy()


def ranked(scores, count):
    """Indices of the `count` largest of (C,) scores, the largest first; of equal ones the first class leads."""
    return [int(index) for index in np.argsort(-scores, kind="stable")[:count]]
