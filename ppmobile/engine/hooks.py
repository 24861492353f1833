"""What may happen around a training step: learning rate, BN, clipping, NaN guard, moving average, early stop."""

import contextlib
import math

import paddle

from ..errors import PPMobileError
from . import parallel
from .optim import freeze_bn
from .schedule import rate

SHOWN = 8  # pictures that an error lists


class Hook:
    """Called by the Trainer at each event; `state` and `restore` carry it over a resume."""

    def before_train(self, trainer):
        """Once, before the first epoch."""

    def before_epoch(self, trainer):
        """At the start of an epoch, the model in train mode."""

    def before_batch(self, trainer):
        """Before the forward pass."""

    def after_backward(self, trainer):
        """After the backward pass; `trainer.losses` is known."""

    def before_step(self, trainer):
        """Before the optimizer steps; gradients are complete."""

    def after_step(self, trainer):
        """After the optimizer stepped."""

    def after_epoch(self, trainer):
        """At the end of a whole epoch."""

    def after_train(self, trainer):
        """Once, at the end, however it came."""

    def state(self):
        """Arrays and plain values to keep in a checkpoint."""
        return {}

    def restore(self, state):
        """Take back what `state` gave."""


class LrSchedule(Hook):
    """Sets the learning rate before each step."""

    def __init__(self, schedule, peak, steps_per_epoch, epochs, warmup_epochs=0.0):
        self.schedule, self.peak, self.steps_per_epoch = schedule, peak, steps_per_epoch
        self.epochs, self.warmup_epochs = epochs, warmup_epochs

    def before_epoch(self, trainer):
        """The row has a rate even if no step is left of this epoch after a resume."""
        trainer.row["lr"] = self.rate(max(0, trainer.step - 1))

    def before_step(self, trainer):
        """Rate of this step."""
        trainer.row["lr"] = self.rate(trainer.step)
        trainer.optimizer.set_lr(trainer.row["lr"])

    def rate(self, step):
        """Learning rate of an optimizer step."""
        return rate(self.schedule, self.peak, step, self.steps_per_epoch, self.epochs, self.warmup_epochs)


class FreezeBn(Hook):
    """Keeps BN layers as they are (patterns of layer paths)."""

    def __init__(self, patterns):
        self.patterns = patterns

    def before_epoch(self, trainer):
        """`model.train()` has just switched them on: off again."""
        freeze_bn(trainer.model, self.patterns)


class TellEpoch(Hook):
    """Tells the number of each epoch to a head that learns otherwise later on, one with `start_epoch`."""

    def before_epoch(self, trainer):
        """After a resume too."""
        if hasattr(trainer.model.head, "start_epoch"):
            trainer.model.head.start_epoch(trainer.epoch)


class ClipGradient(Hook):
    """Scales all gradients down together when their global L2 norm is above `norm`."""

    def __init__(self, norm):
        self.norm = norm

    def before_step(self, trainer):
        """Clip the complete gradients."""
        trainer.amp.unscale(trainer.optimizer)
        paddle.nn.utils.clip_grad_norm_([p for p in trainer.model.parameters() if p.grad is not None], self.norm)


class NanGuard(Hook):
    """Stops at the first loss or gradient that is not finite, before it reaches the weights.

    A loss alone tells too little: relu turns NaN into 0 on a CPU, and the damage shows in the gradients only.
    """

    def after_backward(self, trainer):
        """PPMobileError if a loss term is not finite."""
        for name, value in trainer.losses.items():
            if not math.isfinite(value):
                raise self.error(trainer, f"{name} is {value}")

    def before_step(self, trainer):
        """PPMobileError if a gradient is not finite; with fp16 an overflow is normal, and its scaler's affair."""
        if trainer.amp.scaler:
            return
        sums = {k: p.grad.sum() for k, p in trainer.model.named_parameters() if p.grad is not None}
        if not math.isfinite(float(paddle.stack(list(sums.values())).sum())):
            worst = next((k for k, v in sums.items() if not math.isfinite(float(v))), "all layers together")
            raise self.error(trainer, f"the gradient of {worst} is not finite")

    @staticmethod
    def error(trainer, what):
        """The error with step, pictures of the batch, and what to do."""
        dataset = trainer.loader.dataset
        paths = [str(dataset.items[int(i)]["path"]) for i in trainer.arrays["index"]]
        paths = [path for part in parallel.gather(paths) for path in part]
        shown = ", ".join(paths[:SHOWN]) + (f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else "")
        return PPMobileError(
            f"{what} at step {trainer.step + 1} (epoch {trainer.epoch + 1}, batch {trainer.batch}). A checkpoint "
            "saved before is untouched. Try a smaller train.lr, longer train.warmup_epochs or train.clip_norm=1. "
            f"Pictures of the batch: {shown}")


class LossScale(Hook):
    """Carries the loss scale of fp16 training over a resume."""

    def __init__(self, scaler):
        self.scaler = scaler

    def state(self):
        """Paddle's state of the scaler as plain numbers and arrays."""
        return dict(self.scaler.state_dict())

    def restore(self, state):
        """Take it back."""
        self.scaler.load_state_dict(state)


class MeanStatistics(Hook):
    """With several processes: BN statistics become their mean at the end of an epoch, so all evaluate one net."""

    def after_epoch(self, trainer):
        """Average the running means and variances of the net, and of its moving average."""
        everyone = parallel.gather(own_statistics(trainer))
        set_statistics(trainer, {k: sum(one[k] for one in everyone) / len(everyone) for k in everyone[0]})


def own_statistics(trainer):
    """{key: array} of BN statistics and int8 ranges, each process's own, of the net and of its moving average."""
    return {key: tensor.numpy() for key, tensor in _statistics(trainer).items()}


def set_statistics(trainer, arrays):
    """Put back what `own_statistics` gave, as far as it is in `arrays`."""
    for key, tensor in _statistics(trainer).items():
        if key in arrays:
            tensor.set_value(arrays[key])


def _statistics(trainer):
    ema = trainer.hook("Ema")
    nets = {"model": trainer.model.state_dict(), "average": ema.average if ema else {}}
    return {f"{net}/{key}": tensor for net, tensors in nets.items() for key, tensor in tensors.items()
            if key.endswith(("._mean", "._variance", ".input_range"))}


class Ema(Hook):
    """Moving average of weights and BN statistics; evaluation and export use it.

    decay_t = min(decay, (1 + t) / (10 + t)), so that early steps are not dragged along.
    """

    def __init__(self, decay):
        self.decay, self.steps, self.average = decay, 0, {}

    def before_train(self, trainer):
        """Start from the weights as they are."""
        if not self.average:
            self.average = {k: v.clone().detach() for k, v in trainer.model.state_dict().items()}

    @paddle.no_grad()
    def after_step(self, trainer):
        """average = decay * average + (1 - decay) * weights."""
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        for key, value in trainer.model.state_dict().items():
            self.average[key].scale_(decay)
            self.average[key].add_(value * (1 - decay))

    @contextlib.contextmanager
    def applied(self, model):
        """Inside, the model holds the averages."""
        live = {k: v.clone() for k, v in model.state_dict().items()}
        model.set_state_dict(self.average)
        try:
            yield
        finally:
            model.set_state_dict(live)

    def state(self):
        """The averages by layer path, and how many steps they saw."""
        return {"steps": self.steps, **{k: v.numpy() for k, v in self.average.items()}}

    def restore(self, state):
        """Take back averages and count."""
        self.steps = state.pop("steps")
        self.average = {k: paddle.to_tensor(v) for k, v in state.items()}


class EarlyStop(Hook):
    """Ends training after `patience` evaluations without a better result."""

    def __init__(self, patience):
        self.patience, self.best, self.waited = patience, None, 0

    def before_train(self, trainer):
        """A resumed run whose patience is used up does not train another epoch; with a larger patience it does."""
        self.judge(trainer)

    def after_epoch(self, trainer):
        """Count evaluations since the best one."""
        value = trainer.row.get("score")
        if value is None:
            return
        if self.best is None or value > self.best:
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        self.judge(trainer)

    def judge(self, trainer):
        """Stop the trainer if the patience is used up."""
        if self.waited >= self.patience:
            trainer.stop = f"no better result in {self.waited} evaluations"

    def state(self):
        """Best value and evaluations since."""
        return {"best": self.best, "waited": self.waited}

    def restore(self, state):
        """Take them back."""
        self.best, self.waited = state["best"], state["waited"]
