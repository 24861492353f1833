"""What an answer is for each task: read from a graph's outputs, kept as golden sample, compared with another one.

verify, the export and the choice of a runtime know answers through this alone. An answer is that to one picture.
"""

import numpy as np

from ..errors import ExportError
from ..predict.answers import reader
from . import compare_boxes, matched, tolerances
from .tolerances import Comparison

FLAT = 1e-3  # answers to all pictures that differ by less than this share of the largest prove little
UNORDERED = ("rcnn",)  # kinds of raw outputs that list proposals, whose order rounding may change
SAMPLES = 64  # values of each raw output that the golden sample keeps


def answers_of(deploy):
    """The ClassAnswers or BoxAnswers of an artefact, by the fields of its deploy.yml."""
    return BoxAnswers(deploy) if deploy.get("task") == "detect" else ClassAnswers()


def arrays(outputs):
    """The list of arrays of what a model in memory gives: one tensor, or several."""
    return [output.numpy() for output in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


class ClassAnswers:
    """Class probabilities; an answer is (C,) float32. The rules are those of tolerances.py."""

    columns, legend, means, limit = tolerances.COLUMNS, tolerances.LEGEND, tolerances.MEANS, tolerances.RELATIVE

    def read(self, outputs, image):
        """The answers to the input (N, 3, H, W) that a graph gave as a list of arrays."""
        return list(np.asarray(outputs[0]))

    def golden(self, outputs, image):
        """What golden.json keeps of the outputs for the golden picture's input."""
        return {"output": outputs[0].tolist()}

    def kept(self, golden):
        """[the answer] that is kept in the golden sample, a dict."""
        return list(np.asarray(golden["output"], np.float32))

    def compare(self, got, want, precision="fp32", allowed=None):
        """The Comparison of two lists of answers; allowed: errors that are rounding, one for each picture."""
        shapes = [[len(answers), *sorted({answer.shape for answer in answers})[0]] for answers in (got, want)]
        if shapes[0] != shapes[1]:
            return Comparison(reason=f"gives {shapes[0]} instead of {shapes[1]}")
        return tolerances.compare(np.stack(got), np.stack(want), precision, self.limit if allowed is None else allowed)

    def excuse(self, found, own):
        """None: see BoxAnswers; the limits for probabilities hold for untrained nets, too."""
        return None

    def errors(self, got, want, every=None):
        """(N,) errors of fp32 answers over the largest probability in `every`, a list of answers, by default `want`."""
        return tolerances.relative_errors(np.stack(got), np.stack(want), None if every is None else np.stack(every))

    def worst(self, got, want):
        """The number of the answer that is furthest off; 0 if they cannot be compared."""
        if any(one.shape != other.shape or not np.isfinite(one).all() for one, other in zip(got, want)):
            return 0
        return int(np.abs(np.stack(got) - np.stack(want)).max(axis=1).argmax())

    def note(self, want):
        """What makes passing prove little, or ""."""
        want = np.stack(want)
        spread = float(np.ptp(want, axis=0).max() / max(float(want.max()), 1e-30))
        return f"the answers hardly depend on the picture (by {spread:.0e} of the largest), as those of an untrained " \
               "net: passing proves little" if spread < FLAT else ""


class BoxAnswers:
    """Boxes; an answer is a matched.Found. The rules are those of compare_boxes.py."""

    columns, legend = compare_boxes.COLUMNS, compare_boxes.LEGEND
    means, limit = compare_boxes.MEANS, compare_boxes.RAW

    def __init__(self, deploy):
        """deploy: the fields of deploy.yml."""
        self.reader, post = reader(deploy), deploy["postprocess"]
        self.nms, self.draw, self.ordered = post["nms"], post["draw_threshold"], post["raw"]["kind"] not in UNORDERED

    def read(self, outputs, image):
        """The answers to the input (N, 3, H, W) that a graph gave as a list of arrays; with a problem if they are bad.
        """
        count = len(image)
        try:
            candidates = zip(*self.reader.candidates(outputs, count, "", image.shape[2:]))
        except ExportError as error:
            return [matched.nothing(str(error).lstrip(": ").partition(";")[0])] * count
        raw = [[output[i] for output in outputs] if self.ordered else None for i in range(count)]
        return [matched.found(*one, self.nms, mine) for one, mine in zip(candidates, raw)]

    def golden(self, outputs, image):
        """What golden.json keeps: the rows of boxes, and values of the raw outputs if these come in a fixed order."""
        from .golden import sample

        found, = self.read(outputs, image)
        raw = {"raw": [sample(output, SAMPLES) for output in outputs]} if self.ordered else {}
        return {"output": found.rows.astype(float).tolist(), **raw}

    def kept(self, golden):
        """[the answer] that is kept in the golden sample, a dict."""
        rows = np.asarray(golden["output"], np.float32).reshape(-1, 6)
        return [matched.Found(rows, samples=golden.get("raw"))]

    def compare(self, got, want, precision="fp32", allowed=None):
        """The BoxComparison of two lists of answers; allowed: errors of raw outputs that are rounding, for each."""
        return compare_boxes.compare(got, want, self.nms, self.draw, precision, allowed)

    def excuse(self, found, own):
        """Why the failure of a bf16 runtime proves nothing; "" if its raw outputs are alike all the same, else None.

        found: its BoxComparison. own: that of the traced graph with itself, its input rounded to bf16. An untrained net
        may lose boxes and even its raw outputs by that alone.
        """
        if own.passed or found.deviation is None or own.deviation is None:
            return None
        if found.deviation <= tolerances.DEVIATION:
            return ""
        return None if own.deviation < tolerances.DEVIATION / 2 else (
            f"cannot be judged: its raw outputs deviate by {found.deviation:.2f}, but those of the net itself by "
            f"{own.deviation:.2f} when nothing but its input is rounded to bf16, as with an untrained net")

    def errors(self, got, want, every=None):
        """(N,) errors of the raw outputs, each over its largest value in `every`; None if they cannot be compared."""
        return compare_boxes.relative_errors(got, want, every)

    def worst(self, got, want):
        """The number of the answer that is furthest off; 0 if they cannot be compared."""
        errors = None if any(one.problem for one in got) else self.errors(got, want)
        return 0 if errors is None else int(errors.argmax())

    def note(self, want):
        """What makes passing prove less, or ""."""
        few, unsure = compare_boxes.few(want), compare_boxes.unsure(want, self.draw)
        if not few and not unsure:
            return ""
        level = f"above a score of {self.nms['score_threshold']:g}" if few else \
            f"that score {compare_boxes.SURE * self.draw:g} or more"
        note = f"all pictures together have fewer than {compare_boxes.FEWEST} boxes {level}, as with an untrained net: "
        if few:
            note += f"the best {matched.BEST} candidates of each picture were compared in fp32; "
        if not self.ordered:
            return f"{note}in bf16 and int8 {compare_boxes.LEAST:.0%} of the boxes were enough"
        proof = "raw outputs" if few else "either boxes or raw outputs"
        return f"{note}{proof} (deviation) were enough in bf16 and int8"
