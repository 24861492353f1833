"""Plain training from the former step's net, for example after a cut without a teacher."""

from .base import STEPS, Step


@STEPS.register
class Finetune(Step):
    """Train on as the config says.

    train: keys of the config's section `train` that differ in this step, as {epochs: 10, lr: 0.005}.
    """

    trains = True

    def __init__(self, train={}):  # noqa: B006 (the registry takes an option's type from its default; never changed)
        self.train = train
