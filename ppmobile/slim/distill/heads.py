"""For each head: what its raw outputs teach, and which teachers and options go with it."""

import numpy as np

from ...errors import ConfigError
from ...wording import show
from .boxes import rcnn_losses, ssd_losses
from .losses import js, kl
from .teacher import average
from .yolo import yolo_losses

DIVERGENCES = {"kl": kl, "js": js}
BOXES = {"YOLOv3Head": yolo_losses, "SSDHead": ssd_losses, "FasterRCNNHead": rcnn_losses}
SUPPORTED = ("ClassifyHead", *BOXES)


class Answers:
    """The distillation loss of a Model's head, called with raw outputs and what the teachers answer.

    teachers: of class Teacher. loss: kl or js. weights: of the head's parts, all 1 if empty: each map of YOLOv3,
    the two stages of Faster R-CNN. ConfigError for a head or teacher with which that cannot be.
    """

    def __init__(self, model, teachers, loss, temperature, weights=()):
        self.head, self.teachers, self.loss, self.temperature = model.head, teachers, loss, temperature
        self.weights, self.name = list(weights), type(model.head).__name__
        self._check()
        for teacher in teachers:
            self._check_teacher(teacher)

    def __call__(self, outputs, answers):
        """{name: scalar} of the student's raw outputs and a list with those of each teacher."""
        if self.name not in BOXES:
            divergences = DIVERGENCES[self.loss](outputs, average(answers), self.temperature)
            return {f"loss_{self.loss}": divergences.mean()}
        wanted = (answers[0], self.teachers[0].model.head) if self.name == "FasterRCNNHead" else average(answers)
        return BOXES[self.name](self.head, outputs, wanted, self.temperature, self.weights)

    def _check(self):
        """ConfigError for options that this head has no use for."""
        if self.name not in SUPPORTED:
            raise ConfigError(f"{self.name} has no distillation of its answers yet, only {', '.join(SUPPORTED)}; set "
                              "loss: none and distil features")
        if self.name in BOXES and self.loss != "kl":
            raise ConfigError(f"loss: {self.loss} is for classifiers; {self.name} learns by kl")
        if self.name == "FasterRCNNHead" and len(self.teachers) > 1:
            raise ConfigError("teachers: a Faster R-CNN has one teacher, for each proposes other regions; name one")
        parts = {"YOLOv3Head": len(getattr(self.head, "strides", ())), "FasterRCNNHead": 2}.get(self.name)
        if self.weights and parts is None:
            raise ConfigError(f"heads: weighs the maps of YOLOv3 or the stages of Faster R-CNN, and {self.name} has no "
                              "parts; remove it, weight weighs the whole")
        if self.weights and len(self.weights) != parts:
            raise ConfigError(f"heads: {self.name} has {parts} to weigh, got {len(self.weights)} weights")

    def _check_teacher(self, teacher):
        """ConfigError for a teacher of another head, or of other anchors: its numbers would mean something else."""
        other = teacher.model.head
        if type(other) is not type(self.head):
            raise ConfigError(f"teacher {teacher.source}: has a {type(other).__name__}, the student a {self.name}; "
                              "both need the same head, or set loss: none and distil features")
        if self.name in BOXES and teacher.size is not None:
            raise ConfigError("input_size: a detector's teacher sees the student's pictures, for its boxes lie in "
                              "their pixels; remove it")
        own, theirs = (layout(head) for head in (self.head, other))
        for key in own:
            if own[key] != theirs.get(key):
                raise ConfigError(f"teacher {teacher.source}: its {key} are {show(theirs.get(key))}, the student's "
                                  f"{show(own[key])}; their raw answers compare only with the same {key}")


def layout(head):
    """{name: plain values} that say what a head's raw numbers stand for; {} of a classifier."""
    if hasattr(head, "rpn"):
        return {"strides": head.rpn.strides, "anchors": [np.asarray(shape).tolist() for shape in head.rpn.shapes]}
    return head.raw() if hasattr(head, "raw") else {}
