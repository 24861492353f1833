"""The model of a config: a backbone, perhaps a neck, and the head of the task, wired to each other."""

import numbers

from paddle import nn

from ..errors import ConfigError
from ..registry import suggestion
from ..schema import DEFAULT_PARTS
from ..wording import expected
from . import BACKBONES, HEADS, NECKS


class Model(nn.Layer):
    """Backbone, optional neck, head. The head knows what the numbers mean."""

    def __init__(self, backbone, neck, head):
        super().__init__()
        self.backbone, self.neck, self.head = backbone, neck, head
        self.structure = {}  # how it differs from what its config builds; see structure.py

    def forward(self, image):
        """(N, 3, H, W) float32 to the head's raw outputs; this is the graph that is exported."""
        features = self.backbone(image)
        features = features if self.neck is None else self.neck(features)
        # a head whose boxes depend on the input's size, not on the maps alone, says so
        return self.head(features, image.shape[2:]) if getattr(self.head, "sized", False) else self.head(features)

    def losses(self, batch):
        """{name: scalar} of a batch: a dict with "image" and what the head wants."""
        return self.head.losses(self(batch["image"]), batch)

    def official_names(self):
        """{our key: key of the published state dict} in its order.

        That is PaddleDetection's for a detector, else PaddleClas's. Layers without a counterpart there (a neck, the
        head of another task) are left out.
        """
        if hasattr(self.head, "detection_name"):
            return {key: self._detection_name(*key.split(".", 1)) for key in self.state_dict()}
        parts = ("backbone", "head") if getattr(self.head, "official", False) else ("backbone",)
        keys = (key.split(".", 1) for key in self.state_dict())
        return {f"{part}.{rest}": self.backbone.official_name(rest) for part, rest in keys if part in parts}

    def _detection_name(self, part, rest):
        if part == "backbone":
            return self.backbone.detection_name(rest)
        return getattr(self, part).detection_name(rest, self.backbone)


def build_model(model_section, task, num_classes, place="model"):
    """The Model that a config describes.

    model_section: {"backbone": {name, options}, "neck": the same or None, "head": the same or None}. Without
    a head, or with a head without a name, the task's own head is taken; ClassifyHead starts from the options
    of the backbone's published net. task: "classify", ... num_classes: of the dataset. place: dotted place of the
    section, for messages. ConfigError on anything unknown or refused.
    """
    backbone = BACKBONES.build(model_section.get("backbone"), f"{place}.backbone")
    channels, strides = backbone.channels, backbone.strides
    neck = None
    if model_section.get("neck"):
        neck = NECKS.build(model_section["neck"], f"{place}.neck", in_channels=channels, strides=strides)
        channels, strides = neck.channels, neck.strides
    part = head_part(model_section.get("head"), task, backbone, f"{place}.head")
    given = {"in_channels": channels, "strides": strides, "num_classes": num_classes}
    return Model(backbone, neck, HEADS.build(part, f"{place}.head", **given))


def class_count(value):
    """`value` as an int, if it is a whole number (also NumPy's) from 1 up; ConfigError otherwise."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ConfigError(f"num_classes: {expected(int, value)}")
    if value < 1:
        raise ConfigError(f"num_classes: must be at least 1, got {value}")
    return int(value)


def head_part(part, task, backbone, place):
    """The full block of a head: its name by the task, and ClassifyHead's options by the backbone, where not given."""
    part = dict(part or {})
    if "name" not in part:
        if task not in DEFAULT_PARTS:
            hint = suggestion(task, DEFAULT_PARTS)
            raise ConfigError(f"{place}: the task {task!r} has no head of its own, name one.{hint}")
        part["name"] = DEFAULT_PARTS[task]["head"]
    return {**backbone.head, **part} if part["name"] == "ClassifyHead" else part
