"""What quantization costs: the answers of an int8 net beside those of the fp32 net on the same pictures."""

from dataclasses import dataclass
from typing import Optional

import numpy as np

SMALLEST = 1e-6  # probabilities below count as this: their logarithms are rounding


@dataclass(frozen=True)
class Loss:
    """agreement: share of pictures with the same top class, 0 to 1. error: see `log_error`.

    top1, fp32_top1: accuracies, 0 to 1; None without labels.
    """

    agreement: float
    error: float
    top1: Optional[float] = None
    fp32_top1: Optional[float] = None

    @property
    def drop(self):
        """Accuracy lost, 0 to 1; the share of other answers than fp32 where the labels are unknown."""
        return 1 - self.agreement if self.top1 is None else self.fp32_top1 - self.top1

    def within(self, max_drop):
        """Whether the drop is at most `max_drop`."""
        return self.drop <= max_drop + 1e-9

    def __str__(self):
        same = f"{self.agreement:.1%} answers as fp32"
        return same if self.top1 is None else f"top-1 {self.top1:.1%} (fp32 {self.fp32_top1:.1%}), {same}"


def compare(got, want, labels=None):
    """The Loss of probabilities (N, C) against the fp32 net's. labels: (N,) classes, or None."""
    got_top, want_top = got.argmax(axis=1), want.argmax(axis=1)
    accuracies = () if labels is None else (float(np.mean(top == labels)) for top in (got_top, want_top))
    return Loss(float(np.mean(got_top == want_top)), log_error(got, want), *accuracies)


def log_error(got, want):
    """Root mean square of the difference of the log-probabilities (N, C)."""
    logs = [np.log(np.maximum(values.astype(np.float64), SMALLEST)) for values in (got, want)]
    return float(np.sqrt(np.mean((logs[0] - logs[1]) ** 2)))
