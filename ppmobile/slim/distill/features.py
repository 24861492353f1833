"""Losses between maps inside student and teacher, with layers of their own where the maps differ in width."""

import paddle.nn.functional as F
from paddle import nn

from ...compat import load_optimizer_state, optimizer_state
from ...engine import parallel
from ...engine.checkpoint import load_weights
from ...engine.hooks import Hook
from ...engine.optim import build_optimizer
from ...errors import CheckpointError, ConfigError
from . import fgd
from .losses import attention, cwd, l2
from .taps import channels_of


class FeatureLoss(nn.Layer):
    """One loss between a pair of maps, called with the maps (N, C, H, W) and the batch.

    widths: channels of the student's and of the teacher's map. Where they differ, a 1x1 convolution brings the
    student's to the teacher's (attention does without). fgd also learns a global context of each side.
    """

    def __init__(self, kind, widths, temperature):
        super().__init__()
        student, teacher = widths
        self.kind, self.temperature = kind, temperature
        self.adapt = nn.Conv2D(student, teacher, 1) if student != teacher and kind != "attention" else None
        if kind == "fgd":
            self.student, self.teacher = fgd.Context(teacher), fgd.Context(teacher)

    def forward(self, student, teacher, batch):
        """The scalar; the teacher's map is resized where its height and width differ."""
        if student.shape[2:] != teacher.shape[2:]:
            teacher = F.interpolate(teacher, student.shape[2:], mode="bilinear")
        student = student if self.adapt is None else self.adapt(student)
        if self.kind == "cwd":
            return cwd(student, teacher, self.temperature)
        if self.kind == "fgd":
            boxes, size = batch["boxes"].numpy(), batch["image"].shape[2:]
            return (fgd.focal(student, teacher, boxes, size, self.temperature)
                    + fgd.relation(self.student(student), self.teacher(teacher)))
        return {"l2": l2, "attention": attention}[self.kind](student, teacher)


KINDS = {"l2": None, "attention": None, "cwd": 1.0, "fgd": 0.5}  # with the temperature of those that have one


class Features(nn.Layer):
    """All feature losses of a training.

    entries: checked dicts of student, teacher (layer paths), loss, weight, temperature. ConfigError for a path that
    does not exist, and for layers that give different numbers of maps.
    """

    def __init__(self, model, teacher, entries):
        super().__init__()
        self.entries = entries
        self.paths = [list(dict.fromkeys(one[side] for one in entries)) for side in ("student", "teacher")]
        own = channels_of(model, self.paths[0], "the student")
        theirs = channels_of(teacher.model, self.paths[1], f"teacher {teacher.source}")
        self.losses = nn.LayerList()
        for one in entries:
            pairs = list(zip(own[one["student"]], theirs[one["teacher"]]))
            if len(own[one["student"]]) != len(theirs[one["teacher"]]):
                raise ConfigError(f"features: {one['student']} gives {len(own[one['student']])} maps, "
                                  f"{one['teacher']} of the teacher {len(theirs[one['teacher']])}; name layers that "
                                  "give as many")
            self.losses.append(nn.LayerList(FeatureLoss(one["loss"], pair, one["temperature"]) for pair in pairs))

    def forward(self, own, theirs, batch):
        """{"loss_KIND": scalar} of {path: maps} of both nets; entries of a kind are added."""
        total = {}
        for one, losses in zip(self.entries, self.losses):
            maps = zip(losses, own[one["student"]], theirs[one["teacher"]])
            value = one["weight"] * sum(loss(a, b, batch) for loss, a, b in maps)
            name = f"loss_{one['loss']}"
            total[name] = total[name] + value if name in total else value
        return total


class Adapters(Hook):
    """Trains the layers of feature losses beside the student, with its optimizer and rate, and over a resume.

    They are no part of the model: neither its weights nor its averages, checks and exports know them.
    """

    def __init__(self, layers, optimizer):
        self.layers, self.optimizer = layers, build_optimizer(layers, optimizer)

    def before_step(self, trainer):
        """A step of their own, with gradients that are means over the processes."""
        parallel.add_gradients(self.layers, [0.0])
        self.optimizer.set_lr(trainer.optimizer.get_lr())
        scaler = trainer.amp.scaler
        scaler.step(self.optimizer) if scaler else self.optimizer.step()
        self.optimizer.clear_grad()

    def state(self):
        """Weights and momenta by layer path."""
        weights = {f"weights/{k}": v.numpy() for k, v in self.layers.state_dict().items()}
        return {**weights, **{f"optimizer/{k}": v for k, v in optimizer_state(self.optimizer, self.layers).items()}}

    def restore(self, state):
        """Take them back; CheckpointError if they belong to other feature losses."""
        parts = {name: {k.split("/", 1)[1]: v for k, v in state.items() if k.startswith(f"{name}/")}
                 for name in ("weights", "optimizer")}
        load_weights(self.layers, parts["weights"], "the adapters of this checkpoint")
        try:
            load_optimizer_state(self.optimizer, self.layers, parts["optimizer"])
        except ValueError as error:
            raise CheckpointError(f"the adapters of this checkpoint have {error}; was it trained with another "
                                  "train.optimizer?") from error
