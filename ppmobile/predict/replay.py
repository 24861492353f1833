"""The golden sample against a runtime's answer: the quick proof that a runtime is right on this machine."""

import numpy as np

from ..artefact import golden
from ..data.loader import transformed
from ..data.sample import Sample
from ..files import read_image
from ..transforms import Compose

FP32_TOLERANCE = 1e-4  # of the largest probability; oneDNN, ONNX Runtime, OpenVINO and Lite stay below 1e-5
LOW_TOLERANCE = 0.1  # in the probability of the reference's class, where bf16 or int8 prefer another class


def golden_pair(artefact):
    """((N, 3, H, W) float32 input, (1, C) expected answer) of the golden sample; N is 1 or the graph's own batch."""
    sample = golden(artefact.folder)
    picture = artefact.path(sample["picture"])
    steps = Compose(artefact.deploy["preprocess"], "preprocess")
    image = transformed(Sample(image=read_image(picture), path=str(picture)), steps, place="preprocess").image
    return np.stack([image] * max(1, artefact.shape[0])), np.asarray(sample["output"], np.float32)


def disagreement(precision, answer, expected):
    """Why `answer` (N, C) is not the `expected` (1, C) within the tolerance of a precision, in a line, or ''."""
    if answer.ndim != 2 or answer.shape[1:] != expected.shape[1:] or not np.isfinite(answer).all():
        return f"the golden sample gives {list(answer.shape)} numbers, or some that are not finite"
    got, want = answer[0], expected[0]
    if precision == "fp32":
        error = float(np.abs(got - want).max() / np.abs(want).max())
        return f"the golden sample differs by {error:.1e} of the largest value" if error > FP32_TOLERANCE else ""
    best = int(np.argmax(want))
    if np.argmax(got) == best or abs(got[best] - want[best]) <= LOW_TOLERANCE:
        return ""
    return f"the golden sample's class gets {got[best]:.2f} instead of {want[best]:.2f}"
