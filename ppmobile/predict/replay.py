"""The golden sample against a runtime's answers: the quick proof that a runtime is right on this machine.

fp32 has to give the answer kept in the golden sample. bf16 and int8 are too coarse for one number to tell anything, so
they are compared, on variations of the picture, with an fp32 runtime that gave it. Only the trial's process needs this.
"""

import numpy as np

from ..artefact import golden
from ..data.loader import transformed
from ..data.sample import Sample
from ..export.tolerances import RELATIVE, compare
from ..export.trial_pictures import variations
from ..files import read_image
from ..transforms import Compose

VARIATIONS = 20  # as many pictures as verify takes, whose limits are applied


def golden_pair(artefact):
    """((N, 3, H, W) float32 input, (1, C) expected answer) of the golden sample; N is 1 or the graph's own batch."""
    sample = golden(artefact.folder)
    picture = artefact.path(sample["picture"])
    return _input(artefact, read_image(picture), str(picture)), np.asarray(sample["output"], np.float32)


def varied(artefact):
    """[(N, 3, H, W) float32]: the golden picture, a blank one, and VARIATIONS of the golden one."""
    picture = artefact.path(golden(artefact.folder)["picture"])
    first = read_image(picture)
    return [_input(artefact, image, str(picture))
            for image in (first, np.zeros_like(first), *variations(first, VARIATIONS))]


def disagreement(answer, expected):
    """Why an fp32 `answer` (N, C) is not the `expected` (1, C), in a line, or ''."""
    if answer.ndim != 2 or answer.shape[1:] != expected.shape[1:] or not np.isfinite(answer).all():
        return f"the golden sample gives {list(answer.shape)} numbers, or some that are not finite"
    error = float(np.abs(answer[0] - expected[0]).max() / max(float(np.abs(expected[0]).max()), 1e-30))
    if not error <= RELATIVE:  # not `>`: an error that is not a number is one, too
        return f"the golden sample differs by {error:.1e} of the largest value"
    return ""


def answers(runtime, inputs):
    """(n, C) float32 answers of a runtime to a list of inputs, of each the first row."""
    return np.concatenate([runtime.run(image)[0][:1] for image in inputs])


def unlike(precision, got, want):
    """Why the answers (n, C) of a bf16 or int8 runtime are beyond verify's limits from those in fp32, or ''."""
    reason = compare(got, want, precision).reason
    return f"unlike fp32 on variations of the golden sample: {reason}" if reason else ""


def _input(artefact, image, path):
    steps = Compose(artefact.deploy["preprocess"], "preprocess")
    tensor = transformed(Sample(image=image, path=path), steps, place="preprocess").image
    return np.stack([tensor] * max(1, artefact.shape[0]))
