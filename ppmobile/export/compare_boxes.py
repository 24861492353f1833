"""How far a detector's answers may be from those of the reference, by precision, and why just so far."""

from dataclasses import dataclass
from typing import Optional

import numpy as np

from . import matched
from .tolerances import DEVIATION, FLAT

# Measured on 22 pictures, with YOLOv3, SSDLite and Faster R-CNN trained on BCCD (docs/results/detection_export.md).
# fp32, four runtimes: raw outputs 2e-6 to 6e-6 off, no box lost; untrained nets up to 6e-4. One weight of YOLOv3's
# model.onnx off by the size of the largest: 4e-3 to 2e+4, seen in each of 12 layers drawn at random.
# bf16: 99.8 to 100 % matched, scores 0.006 to 0.027 off. int8, few layers in float: 99.7 to 100 %, 0.025 to 0.095 off
# (a YOLOv3 with no layer in float: 0.14, while its mAP@0.5 was 0.3 points lower).
RAW = 1e-3  # fp32: largest error of a raw output, over its largest value
SHARE = {"fp32": 0.99, "bf16": 0.95, "int8": 0.9}  # the least share of boxes with a partner
LEAST = 0.8  # the same for bf16 and int8 of a net that is sure of nothing, where raw outputs cannot be compared (Faster
# R-CNN, untrained: 92 %)
SCORES = {"bf16": 0.05, "int8": 0.15}  # the most that partners' scores may differ in the mean
CLASS_SHARE = 0.5  # the same for each class: one of many may not get lost
FEWEST = 20  # boxes that a comparison should rest on
SURE = 0.5  # share of the score for drawing from which the net is taken to mean a box
MEANS = {"fp32": f"matched {matched.OVERLAP['fp32']} >= {SHARE['fp32']:.0%}, relative <= {RAW:.0e}", **{
    precision: f"matched {matched.OVERLAP[precision]} >= {SHARE[precision]:.0%}, score error <= {SCORES[precision]}"
    for precision in SCORES}}
COLUMNS = (("boxes", "boxes", "d"), ("matched", "matched", ".1%"), ("overlap", "overlap", ".3f"),
           ("score error", "score_error", ".1e"), ("relative", "relative", ".1e"), ("deviation", "deviation", ".2f"))
LEGEND = """matched m: share of the boxes of both, weighted by score, with a partner of their class and of IoU >= m;
    fp32: all boxes, partners before suppression; else those over the threshold for drawing, after it
overlap, score error: IoU of partners and difference of their scores, the worst in fp32, else the mean
relative: max|a - b| / max|b| of the raw outputs, b being the stage before
deviation: RMS of the difference of the raw outputs over how much they differ from picture to picture"""


@dataclass(frozen=True)
class BoxComparison:
    """What comparing two sets of answers gave.

    boxes, matched, overlap, score_error: see matched.Pairs. relative, deviation: of the raw outputs, None where these
    cannot be compared. reason: why it is beyond the tolerance, or "".
    """

    boxes: Optional[int] = None
    matched: Optional[float] = None
    overlap: Optional[float] = None
    score_error: Optional[float] = None
    relative: Optional[float] = None
    deviation: Optional[float] = None
    reason: str = ""

    @property
    def passed(self):
        """Whether everything is within its tolerance."""
        return not self.reason


def compare(got, want, options, draw, precision="fp32", allowed=None):
    """The BoxComparison of two lists of Found.

    options: keywords of predict.decode_boxes.nms. draw: the score from which boxes are drawn. allowed: relative errors
    of raw outputs that are rounding, one for each picture; where it is more than RAW, boxes are not looked at.
    """
    problem = next((one.problem for one in [*got, *want] if one.problem), "")
    if problem or len(got) != len(want):
        return BoxComparison(reason=problem or f"answers {len(got)} pictures instead of {len(want)}")
    errors, deviated = relative_errors(got, want), deviation(got, want)
    allowed = np.full(len(want), RAW) if allowed is None else np.broadcast_to(allowed, len(want))
    kind = "best" if few(want) else "rows"
    if precision == "fp32":
        steady = [i for i in range(len(want)) if allowed[i] <= RAW]
        pairs = matched.same([got[i] for i in steady], [want[i] for i in steady], options, kind)
        reason = _far(errors, allowed) or _unmatched(pairs, SHARE[precision])
    else:
        least = level(want, draw, kind)
        pairs = matched.alike(got, want, least, precision, kind)
        doubtful = unsure(want, draw)
        reason = _coarse(pairs, precision, least / draw if doubtful else 1.0, doubtful and deviated is None)
        if doubtful and deviated is not None and (reason or kind == "best"):
            reason = _deviated(deviated)
    relative = None if errors is None else float(errors.max())
    return BoxComparison(pairs.boxes, pairs.share, pairs.overlap, pairs.score_error, relative, deviated, reason)


def few(want):
    """Whether the reference finds so few boxes that the best candidates are compared instead of them."""
    known = all(one.best is not None for one in want)
    return known and sum(len(one.rows) for one in want) < FEWEST


def unsure(want, draw):
    """Whether the reference is sure of so few boxes that bf16 and int8 may change any: raw outputs may tell more."""
    return sum(int((one.rows[:, 1] >= SURE * draw).sum()) for one in want) < FEWEST


def level(want, draw, kind="rows"):
    """The score from which boxes count in bf16 and int8: `draw`, or less if there are not FEWEST of such a score."""
    scores = np.sort(np.concatenate([getattr(one, kind)[:, 1] for one in want]))[::-1]
    return min(draw, float(scores[min(FEWEST, len(scores)) - 1])) if len(scores) else draw


def relative_errors(got, want, every=None):
    """(N,) error of the raw outputs for each picture, relative to the largest value of each output; None if there are
    none to compare, inf for other shapes.

    every: the answers of whose raw outputs that value is the largest, by default `want`.
    """
    pairs = [(one.raw, _values(one, other)) for one, other in zip(got, want)]
    if any(one is None or other is None for one, other in pairs):
        return None
    if any(len(one) != len(other) for one, other in pairs):
        return np.full(len(want), np.inf)
    sizes = _sizes(got if want[0].raw is None else want if every is None else every)
    return np.array([max(_error(*one) / size for *one, size in zip(mine, theirs, sizes)) for mine, theirs in pairs])


def _values(got, want):
    """The raw outputs of the reference; of a golden sample, what the answer must be for its values to be the same."""
    if want.raw is not None or want.samples is None or got.raw is None:
        return want.raw
    full = []
    for output, kept in zip(got.raw, want.samples):
        if [1, *output.shape] != list(kept["shape"]):
            return []
        output = output.copy()
        output.reshape(-1)[kept["at"]] = kept["values"]
        full.append(output)
    return full if len(want.samples) == len(got.raw) else []


def _sizes(answers):
    """The largest absolute value of each raw output."""
    return [max(float(np.abs(one.raw[j]).max(initial=0)) for one in answers) or 1e-30
            for j in range(len(answers[0].raw))]


def _error(got, want):
    return float(np.abs(got.astype(np.float64) - want).max(initial=0)) if got.shape == want.shape else np.inf


def deviation(got, want):
    """RMS of the difference of the raw outputs over that of what tells the pictures apart, the worst of the outputs.

    0 is equal; 1 is what a runtime gets that answers every picture alike. None if they cannot be compared.
    """
    if any(one.raw is None for one in [*got, *want]) or len(want) < 2:
        return None
    worst = 0.0
    for j in range(len(want[0].raw)):
        try:
            a, b = (np.stack([one.raw[j] for one in answers]).astype(np.float64) for answers in (got, want))
        except (ValueError, IndexError):  # pictures of several sizes
            return None
        if a.shape != b.shape:
            return float("inf")
        spread = max(np.sqrt(np.mean((b - b.mean(axis=0)) ** 2)), FLAT * np.sqrt(np.mean(b**2)), 1e-30)
        worst = max(worst, float(np.sqrt(np.mean((a - b) ** 2)) / spread))
    return worst


def _far(errors, allowed):
    if errors is None:
        return ""
    worst = int((errors / allowed).argmax())
    if errors[worst] <= allowed[worst]:
        return ""
    return f"relative error of the raw outputs {errors[worst]:.1e} > {allowed[worst]:.0e}"


def _unmatched(pairs, least):
    if pairs.share is not None and pairs.share < least:
        return f"{pairs.share:.1%} of the boxes have a partner, less than {least:.0%}"
    if pairs.lowest is not None and pairs.lowest < CLASS_SHARE:
        return f"{pairs.lowest:.1%} of the boxes of one class have a partner, less than {CLASS_SHARE:.0%}"
    return ""


def _deviated(deviated):
    return "" if deviated <= DEVIATION else f"raw outputs deviate by {deviated:.2f} > {DEVIATION} of their spread"


def _coarse(pairs, precision, share, vague):
    """Why the boxes of bf16 or int8 are too far off.

    share: of the allowed error of scores, for low ones. vague: whether LEAST counts instead of SHARE.
    """
    reason, limit = _unmatched(pairs, LEAST if vague else SHARE[precision]), share * SCORES[precision]
    if reason or pairs.score_error is None or pairs.score_error <= limit:
        return reason
    return f"scores differ by {pairs.score_error:.3f} > {limit:.3g} in the mean"
