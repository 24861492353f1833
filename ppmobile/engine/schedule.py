"""Learning rate as a pure function of progress, so that a resumed run needs no schedule state."""

import math

from ..registry import Registry

SCHEDULES = Registry("schedule", "ppmobile.engine.schedule")


@SCHEDULES.register
class Constant:
    """The peak rate all the time."""

    def __call__(self, progress, epochs):
        """Factor of the peak rate; progress: share of the run that is done, 0 to 1; epochs: length of the run."""
        return 1.0


@SCHEDULES.register
class Cosine:
    """Half a cosine from 1 to `floor` (SGDR without restarts, arXiv:1608.03983)."""

    def __init__(self, floor=0.0):
        self.floor = floor

    def __call__(self, progress, epochs):
        """Factor of the peak rate at `progress` (0 to 1)."""
        return self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * progress))


@SCHEDULES.register
class Step:
    """Multiply by `gamma` at each of `milestones` (epochs)."""

    def __init__(self, milestones=(30, 60, 90), gamma=0.1):
        self.milestones, self.gamma = tuple(milestones), gamma

    def __call__(self, progress, epochs):
        """Factor of the peak rate at `progress` (0 to 1)."""
        # a hair of slack: progress * epochs may fall an ulp short of a whole epoch
        return self.gamma ** sum(progress * epochs + 1e-9 >= m for m in self.milestones)


@SCHEDULES.register
class Polynomial:
    """(1 - progress) ** power, from 1 to `floor`."""

    def __init__(self, power=1.0, floor=0.0):
        self.power, self.floor = power, floor

    def __call__(self, progress, epochs):
        """Factor of the peak rate at `progress` (0 to 1)."""
        return self.floor + (1 - self.floor) * (1 - progress) ** self.power


def rate(schedule, peak, step, steps_per_epoch, epochs, warmup_epochs):
    """Learning rate of optimizer step `step` (0-based): a line from 0 up to `peak`, then the schedule.

    The schedule's progress counts the whole run, warm-up included, as PaddleClas and PaddleDetection do.
    """
    total = max(1, steps_per_epoch * epochs)
    warmup = warmup_epochs * steps_per_epoch
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    return peak * schedule(min(1.0, step / total), epochs)
