"""What quantization costs: how much worse an int8 net is than the fp32 net on the same pictures."""

from dataclasses import dataclass
from typing import Optional

ROUNDING = 1e-9  # a drop from 0.90 to 0.89 is 0.01, and not 0.010000000000000009


@dataclass(frozen=True)
class Measure:
    """The accuracy of a task. key: its name in deploy.yml. name: the same for people. things: what a net answers."""

    key: str
    name: str
    things: str


TOP1 = Measure("top1", "top-1", "answers")
MAP50 = Measure("map50", "mAP@0.5", "boxes")


@dataclass(frozen=True)
class Loss:
    """agreement: share of the answers, 0 to 1, that both nets give; a judge (judge.py) says what that means.

    accuracy, fp32_accuracy: 0 to 1, by the measure; None without labels.
    """

    agreement: float
    accuracy: Optional[float] = None
    fp32_accuracy: Optional[float] = None
    measure: Measure = TOP1

    @property
    def drop(self):
        """Accuracy lost, 0 to 1; the share of other answers than fp32 where the labels are unknown."""
        return 1 - self.agreement if self.accuracy is None else self.fp32_accuracy - self.accuracy

    def within(self, max_drop):
        """Whether the drop is at most `max_drop`."""
        return allowed(self.drop, max_drop)

    def fields(self):
        """{name: number} for deploy.yml; without labels only the agreement."""
        known = {self.measure.key: self.accuracy, f"fp32_{self.measure.key}": self.fp32_accuracy}
        return {"agreement": self.agreement, **{name: value for name, value in known.items() if value is not None}}

    def __str__(self):
        same = f"{self.agreement:.1%} {self.measure.things} as fp32"
        if self.accuracy is None:
            return same
        return f"{self.measure.name} {self.accuracy:.1%} (fp32 {self.fp32_accuracy:.1%}), {same}"


def allowed(drop, max_drop):
    """Whether a drop of a metric, 0 to 1, is at most `max_drop`."""
    return drop <= max_drop + ROUNDING
