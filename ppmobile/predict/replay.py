"""The golden sample against a runtime's answers: the quick proof that a runtime is right on this machine.

fp32 has to give the answer kept in the golden sample. bf16 and int8 are too coarse for one picture to tell anything, so
they are compared, on variations of it, with an fp32 runtime that gave it. Only the trial's process needs this.
"""

import numpy as np

from ..artefact import golden
from ..data.loader import transformed
from ..data.sample import Sample
from ..export.compare import answers_of
from ..export.trial_pictures import variations
from ..files import read_image
from ..transforms import Compose

VARIATIONS = 20  # as many pictures as verify takes, whose limits are applied


class Replay:
    """The golden sample of an Artefact, to be replayed. image: (N, 3, H, W) float32; N is 1 or the graph's own batch.

    expected: [the answer to it], as export/compare.py has them.
    """

    def __init__(self, artefact):
        self.artefact, self._answers = artefact, answers_of(artefact.deploy)
        sample = golden(artefact.folder)
        self._path = artefact.path(sample["picture"])
        self._picture = read_image(self._path)
        self.image, self.expected = self._input(self._picture), self._answers.kept(sample)

    def varied(self):
        """[(N, 3, H, W) float32]: the golden picture, a blank one, and VARIATIONS of the golden one."""
        first = self._picture
        return [self._input(image) for image in (first, np.zeros_like(first), *variations(first, VARIATIONS))]

    def answers(self, run, inputs):
        """The answers that `run`, from an input to a list of arrays, gives to inputs, of each that to its first row."""
        return [self._answers.read(run(image), image)[0] for image in inputs]

    def disagreement(self, got):
        """Why an fp32 runtime's answer, in a list, is not the expected one, in a line, or ''."""
        reason = self._answers.compare(got, self.expected).reason
        return f"the golden sample differs: {reason}" if reason else ""

    def unlike(self, precision, got, want):
        """Why the answers of a bf16 or int8 runtime are beyond verify's limits from those in fp32, or ''."""
        reason = self._answers.compare(got, want, precision).reason
        return f"unlike fp32 on variations of the golden sample: {reason}" if reason else ""

    def _input(self, image):
        steps = Compose(self.artefact.deploy["preprocess"], "preprocess")
        tensor = transformed(Sample(image=image, path=str(self._path)), steps, place="preprocess").image
        return np.stack([tensor] * max(1, self.artefact.shape[0]))
