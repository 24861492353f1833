"""How far the answers of a runtime may be from those of the reference, by precision, and why just so far."""

from dataclasses import dataclass
from typing import Optional

import numpy as np

# fp32: eight families gave 1e-6 to 5e-5 in four runtimes; one weight off by the size of the largest 2e-4 to 7e-2
RELATIVE = 1e-4
MARGINS = {"bf16": (0.05, 0.95), "int8": (0.2, 0.9)}  # see `agreement`: margin, least share of pictures
DEVIATION = 0.7  # see `deviation`
SMALLEST = 1e-6  # probabilities below count as this: their logarithms are rounding, and nobody reads them
FLAT = 0.01  # answers that differ by less than 1 % are compared as if they differed by so much
# Error of one layer from which on it is named (`layer_error`). Within nets whose answers agree, fp32 reached 2.4e-5
# (ResNeSt, in OpenVINO) and bf16 0.32 (MobileNetV1, untrained). Smaller errors belong to no single layer.
LAYER = {"fp32": 1e-4, "bf16": 0.5, "int8": 0.8}
MEANS = {"fp32": "relative <= 1e-4", **{precision: f"agreement {margin} >= {share:.0%}, deviation <= {DEVIATION}"
                                        for precision, (margin, share) in MARGINS.items()}}
COLUMNS = (("max error", "max_error", ".1e"), ("relative", "relative", ".1e"), ("agreement", "agreement", ".0%"),
           ("deviation", "deviation", ".2f"))  # of a table: title, field of Comparison, format
LEGEND = """relative: max|a - b| / max|b| over all probabilities, b being the stage before
agreement m: share of pictures whose top class has in b a probability at most m below the best one
deviation: RMS of the difference of the log-probabilities over their own RMS, centred over classes and pictures"""


@dataclass(frozen=True)
class Comparison:
    """What comparing two sets of answers gave.

    max_error: largest difference of two probabilities. relative: that over the largest probability of the reference.
    agreement: share of pictures, 0 to 1. deviation: see there. reason: why it is beyond the tolerance, or "".
    """

    max_error: Optional[float] = None
    relative: Optional[float] = None
    agreement: Optional[float] = None
    deviation: Optional[float] = None
    reason: str = ""

    @property
    def passed(self):
        """Whether everything is within its tolerance."""
        return not self.reason


def compare(got, want, precision="fp32", allowed=RELATIVE):
    """The Comparison of probabilities (N, C) with the reference's, judged for "fp32", "bf16" or "int8".

    fp32 is judged by `relative`, which may be as large as `allowed`: one number, or one for each picture. bf16 and int8
    are rounded too coarsely for that: they may lose neither the class (`agreement`) nor what tells the pictures apart
    (`deviation`).
    """
    if got.shape != want.shape:
        return Comparison(reason=f"gives {list(got.shape)} instead of {list(want.shape)}")
    if not np.isfinite(got).all():
        return Comparison(reason="gives numbers that are not finite")
    errors = relative_errors(got, want)
    margin = MARGINS.get(precision, (0.0, 0.0))[0]
    numbers = (float(errors.max()), agreement(got, want, margin), deviation(got, want))
    reason = _too_far(errors, allowed) if precision == "fp32" else _verdict(precision, *numbers[1:])
    return Comparison(float(np.abs(got.astype(np.float64) - want).max()), *numbers, reason)


def relative_errors(got, want, every=None):
    """(N,) largest error of each picture over the largest probability of all those in `every`, by default `want`."""
    largest = float(np.abs(want if every is None else every).max())
    return np.abs(got.astype(np.float64) - want).max(axis=1) / max(largest, 1e-30)


def _too_far(errors, allowed):
    allowed = np.broadcast_to(allowed, errors.shape)
    worst = int((errors / allowed).argmax())
    return "" if errors[worst] <= allowed[worst] else f"relative error {errors[worst]:.1e} > {allowed[worst]:.0e}"


def _verdict(precision, share, deviated):
    if share < MARGINS[precision][1]:
        return f"agrees on {share:.0%} of the pictures, less than {MARGINS[precision][1]:.0%}"
    return "" if deviated <= DEVIATION else f"log-probabilities deviate by {deviated:.2f} > {DEVIATION} of their spread"


def agreement(got, want, margin):
    """Share of pictures whose top class in `got` has, in `want`, a probability at most `margin` below the best one.

    Two classes that the reference itself finds alike may change places. On trained nets bf16 gave 1.0; int8 of a
    MobileNetV3-small 0.91 with the depthwise layers in float, and 0.23 to 0.86 with all layers quantized, in three
    runtimes; shuffled classes or pictures at most 0.6.
    """
    rows = np.arange(len(want))
    return float(np.mean(want.max(axis=1) - want[rows, got.argmax(axis=1)] <= margin))


def deviation(got, want):
    """RMS of the difference of the log-probabilities over their own RMS, each centred over classes and over pictures.

    0 is equal; 1 is what a runtime gets that answers every picture alike, and wrong classes or pictures get more. It
    catches those on untrained nets, too, whose probabilities are so nearly uniform that `agreement` lets all pass.
    Measured: bf16 0.03 on trained nets and 0.02 to 0.5 on untrained ones (most for MobileNetV1, which tells pictures
    apart least); int8 0.3 on a trained MobileNetV3-small, 0.5 to 1.0 where it fails; garbage 0.99 to 50.
    """
    a, b = _centred(got), _centred(want)
    return float(np.sqrt(np.mean((a - b) ** 2)) / max(np.sqrt(np.mean(b**2)), FLAT))


def _centred(probabilities):
    logs = np.log(np.maximum(probabilities.astype(np.float64), SMALLEST))
    logs = logs - logs.mean(axis=1, keepdims=True)
    return logs - logs.mean(axis=0, keepdims=True)


def layer_error(got, want):
    """How far one layer's output is off: RMS of the difference over the RMS of the reference; inf if not comparable."""
    if got.size != want.size or not np.isfinite(got).all():
        return float("inf")
    got, want = got.reshape(-1).astype(np.float64), want.reshape(-1).astype(np.float64)
    return float(np.sqrt(np.mean((got - want) ** 2)) / max(np.sqrt(np.mean(want**2)), 1e-30))
