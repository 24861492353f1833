"""Quantization-aware training: the net learns with the rounding that int8 will do to it."""

from ...engine.hooks import Hook
from ...errors import ConfigError
from .base import STEPS, Step

RATE = 0.9  # the share of its former value that a range keeps


@STEPS.register
class QAT(Step):
    """Train with inputs and weights of convolutions and matrix products rounded to int8 (arXiv:1712.05877).

    keep_float: layers that stay in float, by paths with * and ?, or the start of one; gates stands for those of
    squeeze-and-excitation, first for the first layer, auto for those whose own noise is too great (sqnr.py). pact:
    learn the ranges of the inputs instead of following their greatest values (arXiv:1805.06085). freeze_bn_after:
    epochs after which batch norm keeps its statistics; 0 = never. moving_rate: the share of its former value that a
    range keeps with each batch. train: keys of the config's section `train` that differ in this step.
    """

    trains = int8 = needs_float = True

    def __init__(self, keep_float=["gates"], pact=False, freeze_bn_after=0, moving_rate=RATE,  # noqa: B006
                 train={}):  # noqa: B006 (the registry takes an option's type from its default; never changed)
        if not all(isinstance(pattern, str) for pattern in keep_float):
            raise ValueError(f"keep_float {keep_float!r} must be a list of layer paths")
        if not 0 <= moving_rate < 1:
            raise ValueError(f"moving_rate {moving_rate} must be at least 0 and below 1")
        if pact and moving_rate != RATE:
            raise ValueError("moving_rate is how ranges follow the inputs, and with pact they are learnt; remove one")
        if freeze_bn_after < 0:
            raise ValueError(f"freeze_bn_after {freeze_bn_after} must be 0 (never) or a number of epochs")
        self.keep_float, self.pact, self.train = list(keep_float), pact, train
        self.freeze_bn_after, self.moving_rate = freeze_bn_after, float(moving_rate)

    def rehearse(self, model, context):
        """Find the layers that are to stay in float; ConfigError for a net that is in simulated int8 already."""
        from ..qat.choose import WORDS
        from ..targets import matching

        self._refuse_again(model)
        names = [path for path, _ in model.named_sublayers()]
        matching([pattern for pattern in self.keep_float if pattern not in WORDS], names, "keep_float")

    def _refuse_again(self, model):
        if "qat" in model.structure:
            raise ConfigError("QAT: the net it starts from is in simulated int8 already; train it on with Finetune, or "
                              "start from the run before its QAT")

    def apply(self, model, context):
        """Put the layers into simulated int8; ConfigError if they are already, or for a pattern that matches none."""
        from ..qat.choose import choose
        from ..qat.layers import wrap
        from ..qat.pictures import pictures

        self._refuse_again(model)
        images = pictures(context.config, "auto" in self.keep_float)
        ranges = choose(model, images, self.keep_float)
        wrap(model, {"ranges": ranges, "pact": self.pact, "moving_rate": self.moving_rate})
        context.say(f"QAT: {len(ranges)} layers are trained in simulated int8")

    def hooks(self, model, context):
        """What freezes batch norm, if it is to be."""
        return [FreezeBnLater(self.freeze_bn_after)] if self.freeze_bn_after else []


class FreezeBnLater(Hook):
    """Batch norm keeps its statistics and weights once `epochs` epochs are done: what is deployed no longer sways."""

    def __init__(self, epochs):
        self.epochs = epochs

    def before_epoch(self, trainer):
        """`model.train()` has just switched them on: off again."""
        from ...engine.optim import freeze_bn

        if trainer.epoch >= self.epochs:
            freeze_bn(trainer.model, ["*"])
