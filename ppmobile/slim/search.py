"""The fewest layers in float with which int8 keeps the accuracy."""

from dataclasses import dataclass

from ..errors import ExportError
from .loss import Loss


class AccuracyError(ExportError):
    """int8 costs more accuracy than allowed, whatever is left in float."""


@dataclass(frozen=True)
class Found:
    """keep_float: the layers in float. count: how many of them, the last ones, are there for their accuracy.

    loss: what int8 of the others costs.
    """

    keep_float: tuple
    count: int
    loss: Loss

    @property
    def suffering(self):
        """Those of them that are in float for their accuracy."""
        return self.keep_float[len(self.keep_float) - self.count:]


def counts(layers):
    """How many layers to try in float, from none to half of them; the steps grow by half of what was before."""
    tried, step = [0], 1
    while tried[-1] + step <= layers // 2:
        tried.append(tried[-1] + step)
        step = max(1, tried[-1] // 2)
    return tried


def search(name, worst, fixed, measure, max_drop, say, first=0):
    """The Found with the fewest of the layers `worst`, taken from its front, that stays within `max_drop`.

    name: the target's, for messages. fixed: other layers, in float anyhow. measure: gives the Loss for a set of layers
    in float. max_drop: accuracy that may be lost, 0 to 1. first: how many of `worst` to begin with.
    AccuracyError with the best that was reached.
    """
    best = None
    tries = [count for count in counts(len(worst)) if count >= first] or counts(len(worst))[-1:]
    for count in tries:
        kept = (*fixed, *worst[:count])
        loss = measure(set(kept))
        say(f"{name}: {count} of the worst layers in float: {loss}")
        if loss.within(max_drop):
            return Found(kept, count, loss)
        best = min(best or (loss.drop, count, loss), (loss.drop, count, loss), key=lambda entry: entry[:2])
    raise AccuracyError(f"{name}: int8 loses {best[0]:.1%} even with {best[1]} layers in float ({best[2]}), more than "
                        f"--max-drop {max_drop:g}; allow more, give more --count, or leave {name} out of --for")
