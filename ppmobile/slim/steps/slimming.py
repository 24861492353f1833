"""Network slimming: training that makes gammas of useless channels small, then the cut of those channels."""

import fnmatch

import numpy as np

from ...errors import ConfigError
from ...profiling.net import input_size
from ..coupling import couple
from ..cut import cut_checked
from ..cut_table import cut_table
from ..gamma import GammaPenalty, candidates, gammas, relative, slimmed
from ..select import check_patterns, check_ratio
from .base import STEPS, Step


@STEPS.register
class Slimming(Step):
    """Train with a penalty on batch-norm gammas, then cut the channels of the smallest (arXiv:1708.06519).

    penalty: added to each gamma's gradient with the gamma's sign. ratio: share of all compared channels below the
    threshold; those of inverted residuals' expansions, or in other nets all that have a batch norm. keep: patterns of
    layers left alone. multiple_of: what is kept of coupled channels is filled up to a multiple of it. relative: compare
    the gammas' ratios to the mean of their layer, for a short training of weights from elsewhere. train: keys of the
    config's section `train` that differ in this step.
    """

    trains = finishes = needs_float = True

    def __init__(self, penalty=1e-4, ratio=0.3, keep=("backbone.blocks.0",), multiple_of=8, relative=False,
                 train={}):  # noqa: B006 (never changed)
        check_ratio(ratio, "ratio")
        if penalty < 0 or multiple_of < 1:
            raise ValueError(f"penalty {penalty} must be at least 0, and multiple_of {multiple_of} at least 1")
        self.penalty, self.ratio, self.keep = penalty, ratio, keep
        self.multiple_of, self.relative, self.train = multiple_of, relative, train

    def rehearse(self, model, context):
        """Find the layers that are compared, and those to keep; ConfigError if the penalty would not reach them."""
        self._free_groups(model, context)

    def apply(self, model, context):
        """Change nothing, but find out before the training whether it serves, and the net can be cut after it."""
        count = sum(group.width for group in self._free_groups(model, context))
        context.say(f"slimming: {self.ratio:.0%} of {count} channels will go, before filling up to multiples of "
                    f"{self.multiple_of}")

    def hooks(self, model, context):
        """The penalty."""
        return [GammaPenalty(self.penalty)]

    def finish(self, model, context):
        """Cut the net; an error leaves it as it was."""
        coupling, groups = self._groups(model, context)
        scores = {group.name: gammas(model, coupling, group) for group in groups}
        kept = slimmed(relative(scores) if self.relative else scores, self.ratio, self.multiple_of)
        mask = np.ones(coupling.count, bool)
        for group in groups:
            mask[np.delete(group.atoms, kept[group.name])] = False
        costs = cut_checked(model, coupling, mask, input_size(context.config))
        context.say(cut_table({group.name: group.width for group in groups},
                              {group.name: len(kept[group.name]) for group in groups}, *costs))

    def _free_groups(self, model, context):
        """The Groups whose gammas are compared; ConfigError if train.freeze_bn keeps one from the penalty."""
        groups, frozen = self._groups(model, context)[1], context.config.train.freeze_bn
        still = [path for group in groups for path in group.norms
                 if any(fnmatch.fnmatchcase(path, pattern) for pattern in frozen)]
        if self.penalty > 0 and still:
            raise ConfigError(f"Slimming: train.freeze_bn keeps {still[0]} as it is, so the penalty cannot make its "
                              "gammas smaller; give the step `train: {freeze_bn: []}`, or penalty: 0 to cut by the "
                              "gammas that there are")
        return groups

    def _groups(self, model, context):
        """(Coupling, Groups whose gammas are compared). ConfigError if there are none."""
        coupling = couple(model, input_size(context.config))
        check_patterns(coupling, self.keep, "keep")
        groups = candidates(coupling, self.keep)
        if not groups:
            raise ConfigError("Slimming: the net has no batch norm whose channels can be cut; use the step Prune, or "
                              "keep fewer layers")
        return coupling, groups
