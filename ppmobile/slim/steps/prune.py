"""Pruning: whole channels go, in all layers that share them, chosen by the weights of the trained net."""

from ...errors import ConfigError
from ...models.blocks import one_of
from ...profiling.net import input_size
from ..coupling import couple
from ..cut import cut_checked
from ..cut_table import cut_table
from ..goal import check_target, power_for
from ..importance import KINDS, importance
from ..select import check_ratio, keep_mask, ratios_by_pattern, ratios_from_sensitivity, read_sensitivity, stronger
from .base import STEPS, Step

DROP = 0.01  # a point
HALF = 0.5  # the ratio that a target alone makes stronger or weaker


@STEPS.register
class Prune(Step):
    """Cut the channels that matter least.

    importance: l1 or l2 norm of the filters that make a channel, fpgm (distance to the layer's other filters), or
    bn_gamma. ratios: {pattern of layer paths: share of the channels that goes}; a layer's first pattern counts.
    ratio: the share that goes of all other channels. exclude: patterns of layers that stay whole. multiple_of: what is
    kept of coupled channels is a multiple of it, rounded up. sensitivity: instead of ratio, a table of groups, ratios
    and metrics that proposes the share of each layer not named, at which it alone costs `drop` of the metric. target:
    {macs: share} or {params: share} of the net as it is, or {ms: milliseconds, runtime: name}; all ratios are made
    stronger or weaker alike until it is met.
    """

    needs_float = True

    def __init__(self, importance="l1", ratios={}, ratio=0.0, target={}, exclude=(), multiple_of=8,  # noqa: B006
                 sensitivity="", drop=DROP):
        one_of("importance", importance, KINDS)
        if multiple_of < 1:
            raise ValueError(f"multiple_of must be at least 1, got {multiple_of}")
        check_target(target)
        check_ratio(ratio, "ratio")
        for pattern, share in ratios.items():
            check_ratio(share, f"ratios.{pattern}")
        if drop != DROP and not sensitivity:
            raise ValueError("drop is for a sensitivity table; name one, or leave drop out")
        if sensitivity and ratio:
            raise ValueError("sensitivity proposes the share of every layer that ratios do not name, so ratio would do "
                             "nothing; remove one of the two")
        self.importance, self.ratios, self.ratio, self.target = importance, ratios, ratio, target
        self.exclude, self.multiple_of, self.sensitivity, self.drop = exclude, multiple_of, sensitivity, drop

    def sources(self):
        """The sensitivity table."""
        return {"sensitivity": self.sensitivity} if self.sensitivity else {}

    def check(self):
        """ConfigError if nothing is to be cut."""
        if not (self.ratio or any(self.ratios.values()) or self.target or self.sensitivity):
            raise ConfigError("Prune: nothing would be cut; write for example `ratio: 0.3`, or ratios, a target or a "
                              "sensitivity table")

    def rehearse(self, model, context):
        """Read the table, and find the layers of the patterns."""
        self.wanted(couple(model, input_size(context.config)))

    def apply(self, model, context):
        """Cut the net; ConfigError or ExportError with the net as it was if that cannot be done."""
        size = input_size(context.config)
        coupling = couple(model, size)
        ratios = self.wanted(coupling)
        scores = {group.name: importance(model, coupling, group, self.importance)
                  for group in coupling.groups if ratios[group.name] > 0}

        def keep(power):
            return keep_mask(coupling, scores, stronger(ratios, power), self.multiple_of)

        power = power_for(self.target, model, coupling, keep, size, context) if self.target else 1.0
        before = {group.name: group.width for group in coupling.groups}
        mask = keep(power)
        costs = cut_checked(model, coupling, mask, size)
        after = {group.name: int(mask[group.atoms].sum()) for group in coupling.groups}
        context.say(cut_table(before, after, *costs))

    def wanted(self, coupling):
        """{group name: share that goes} before a target is met."""
        half = self.target and not (self.ratios or self.ratio)
        others = dict.fromkeys((group.name for group in coupling.groups), HALF if half else self.ratio)
        if self.sensitivity:
            proposed = ratios_from_sensitivity(read_sensitivity(self.sensitivity), self.drop)
            unknown = [name for name in proposed if name not in others]
            if unknown:
                raise ConfigError(f"sensitivity: {self.sensitivity} tells of {unknown[0]}, which this net does not "
                                  "have; measure it again")
            others.update(proposed)
        return ratios_by_pattern(coupling, self.ratios, others, self.exclude)
