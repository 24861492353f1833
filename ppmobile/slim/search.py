"""How few layers in float are enough for int8 to keep the accuracy, found with few builds."""

from dataclasses import dataclass

from ..errors import ExportError
from .loss import Loss


@dataclass(frozen=True)
class Options:
    """How messages name the options that the user may set, on the command line or in a step of a config."""

    keep_float: str = "--keep-float"
    max_drop: str = "--max-drop"
    count: str = "--count"
    targets: str = "--for"


COMMAND = Options()


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


def search(name, worst, fixed, measure, max_drop, say, first=0, options=COMMAND):
    """A Found with layers from the front of `worst` that stays within `max_drop`, as with one layer less it did not.

    It has the fewest of all if more layers in float never lose more; to try every count would take minutes. name: the
    target's, for messages. fixed: other layers, in float anyhow. measure: gives the Loss for a set of layers in float;
    its last call need not be for those found. max_drop: accuracy that may be lost, 0 to 1. first: the count to begin
    with. options: how the AccuracyError, which has the best of all tries, names them; it comes if even half of `worst`
    in float loses more.
    """
    losses = {}

    def passes(count):
        losses[count] = measure({*fixed, *worst[:count]})
        say(f"{name}: {count} of the worst layers in float: {losses[count]}")
        return losses[count].within(max_drop)

    count = fewest(passes, len(worst) // 2, first)
    if count is not None:
        return Found((*fixed, *worst[:count]), count, losses[count])
    best, loss = min(losses.items(), key=lambda entry: (entry[1].drop, entry[0]))
    leave = "" if name == "paddle" else f", or leave {name} out of {options.targets}"
    raise AccuracyError(f"{name}: int8 loses more than {options.max_drop} {max_drop:g} with up to {max(losses)} layers "
                        f"in float, at best {loss.drop:.1%} with {best} ({loss}); allow more, or give more "
                        f"{options.count}{leave}")


def fewest(passes, most, first=0):
    """A count from 0 to `most` that passes while one less does not, or None if even `most` does not.

    Steps that double lead from `first` up to one that passes or down to one that does not, and halving closes the gap:
    about two tries for each bit of the distance.
    """
    failing, passing, step = -1, None, 1
    count = min(first, most)
    while passing is None or passing - failing > 1:
        if passes(count):
            passing = count
        elif count == most:
            return None
        else:
            failing = count
        if passing is None:
            count, step = min(count + step, most), 2 * step
        elif failing < 0 and passing - step > 0:
            count, step = passing - step, 2 * step
        else:
            count = (failing + passing) // 2
    return passing
