"""A trained net that teaches: restored from its run, checked against the student, asked without gradients."""

import paddle
import paddle.nn.functional as F

from ...errors import ConfigError
from ...transforms import Compose
from ...transforms.tensor import Normalize
from .taps import captured


class Teacher:
    """The net of a run folder or checkpoint, in eval mode, which answers batches that a student sees.

    size: (height, width) to which batches are resized for it, None for as they are. CheckpointError if it knows other
    classes than the student's `context` or the file is none, ConfigError if it does another task.
    """

    def __init__(self, source, context, size=None):
        from ...engine.run import restore
        from ...engine.start import same_classes

        self.model, config, classes, saved = restore(source)
        self.source, self.size = saved.path, size
        if config.task != context.config.task:
            raise ConfigError(f"teacher {self.source}: was trained for the task {config.task!r}, the student's is "
                              f"{context.config.task!r}; choose a teacher of that task")
        same_classes(classes, context.classes, f"teacher {self.source}", "the student")
        for parameter in self.model.parameters():
            parameter.stop_gradient = True
        if hasattr(self.model.head, "roi"):  # this flag alone makes a two-stage head give what its stages saw
            self.model.head.training = True
        self.scale = rescaling(context.config, config)

    @paddle.no_grad()
    def ask(self, image, paths=()):
        """(raw outputs, {path: maps}) for a student's batch (N, 3, H, W); maps as taps.captured has them."""
        if self.scale is not None:
            image = image * self.scale[0] + self.scale[1]
        if self.size is not None and tuple(image.shape[2:]) != self.size:
            image = F.interpolate(image, self.size, mode="bilinear")
        with captured(self.model, paths) as maps:
            return self.model(image), maps


def rescaling(student, teacher):
    """(factor, shift), tensors (3, 1, 1), from pictures as one config normalises them to the other's; None if equal."""
    first, second = (next((step for step in Compose(config.transforms.eval).steps if isinstance(step, Normalize)), None)
                     for config in (student, teacher))
    if first is None or second is None or first.to_config() == second.to_config():
        return None
    ratio = second.scale / first.scale
    factor = [a * ratio / b for a, b in zip(first.std, second.std)]
    shift = [(a * ratio - b) / c for a, b, c in zip(first.mean, second.mean, second.std)]
    return tuple(paddle.to_tensor(x, dtype="float32").reshape([3, 1, 1]) for x in (factor, shift))


def average(answers):
    """The mean of several teachers' raw outputs: tensors, or equal lists of tensors.

    Of logits that is the geometric mean of the distributions (arXiv:1503.02531, section 1).
    """
    if len(answers) == 1:
        return answers[0]
    if isinstance(answers[0], (list, tuple)):
        return [average(list(same)) for same in zip(*answers)]
    return sum(answers) / len(answers)
