"""Learn from a teacher: train on while the answers, and perhaps the maps inside, follow those of a trained net."""

from pathlib import Path

from ...errors import ConfigError
from ...registry import fits
from ...transforms.parts import check_number, height_width
from ...wording import expected, show, suggestion
from .base import STEPS, Step

ENTRY = {"student": None, "teacher": None, "loss": "l2", "weight": 1.0, "temperature": None}
LOSSES = ("kl", "js", "none")


@STEPS.register
class Distill(Step):
    """Train with a teacher's answers as well as the labels.

    teacher: run folder or checkpoint of the net that teaches, of any architecture with the same classes; teachers: a
    list of several, whose raw answers are averaged. loss: how the answers are compared: kl, js (classifiers), or none.
    temperature: softens both sides' class probabilities. task_weight, weight: of the model's own losses, and of the
    distillation; a task_weight of 0 learns from the teacher alone. heads: weights of the parts of a head: each map of
    YOLOv3, both stages of Faster R-CNN. features: maps to compare, as {student: LAYER, teacher: LAYER, loss: l2,
    attention, cwd or fgd, weight: 1.0, temperature: 1.0}; without `teacher` it is the same layer. input_size: side in
    pixels, or [height, width], to which a classifier's teacher sees the pictures resized. unlabeled: folder of further
    pictures, as many of which join each batch of a classifier, to be answered as the teacher does. train: keys of the
    config's section `train` that differ in this step.
    """

    trains = True

    def __init__(self, teacher="", teachers=[], loss="kl", temperature=1.0, task_weight=1.0, weight=1.0,  # noqa: B006
                 heads=[], features=[], input_size=None, unlabeled="", train={}):  # noqa: B006 (types of options; never changed)
        if bool(teacher) == bool(teachers):
            raise ValueError("teacher or teachers, one of them must name a run folder or checkpoint")
        if not all(fits(one, str) and one for one in teachers):
            raise ValueError(f"teachers must be a list of run folders or checkpoints, got {show(teachers)}")
        if loss not in LOSSES:
            raise ValueError(f"loss must be one of {', '.join(LOSSES)}, got {loss!r}")
        check_number("temperature", temperature, 1e-6)
        for name, value in (("task_weight", task_weight), ("weight", weight), *(("heads", one) for one in heads)):
            check_number(name, value, 0)
        if loss == "none" and not features:
            raise ValueError("features must name layers where loss is none, or nothing is learnt from the teacher")
        if loss == "none" and heads:
            raise ValueError("heads weigh what loss compares; with loss none remove them")
        if loss == "none" and (weight, temperature) != (1, 1):
            raise ValueError("weight and temperature are for what loss compares; with loss none remove them")
        if not (task_weight or features or weight):
            raise ValueError("task_weight and weight are both 0, so nothing would be learnt")
        if not (weight or features):
            raise ValueError("weight is 0 and there are no features, so nothing would be learnt from the teacher; add "
                             "features, or take the step Finetune")
        if not weight and (heads or (loss, temperature) != ("kl", 1)):
            raise ValueError("loss, temperature and heads are for the answers, which a weight of 0 leaves out; remove "
                             "them, or the weight")
        if features and len(teachers) > 1:
            raise ValueError("features are compared with one teacher; name one alone")
        self.teachers = {"teacher": teacher} if teacher else {f"teachers.{i}": one for i, one in enumerate(teachers)}
        self.loss, self.temperature = loss, temperature
        self.task_weight, self.weight, self.heads = task_weight, weight, heads
        self.features = [feature_entry(one) for one in features]
        self.size = None if input_size is None else tuple(height_width(input_size))
        self.unlabeled, self.train, self._made = unlabeled, train, None

    def sources(self):
        """The teachers, and the folder of pictures without labels."""
        return {**self.teachers, **({"unlabeled": self.unlabeled} if self.unlabeled else {})}

    def rehearse(self, model, context):
        """Load the teachers, and find the layers whose maps are compared; a teacher that the run makes is not there."""
        if all(Path(source).exists() for source in self.teachers.values()):
            self._make(model, context)

    def objective(self, model, context):
        """The Distillation; CheckpointError or ConfigError for a teacher that does not go with the student."""
        return self._distillation(model, context)

    def hooks(self, model, context):
        """What brings the pictures without labels, and what trains the feature losses' own layers."""
        from ..distill.features import Adapters

        made = self._distillation(model, context)
        hooks = [made.unlabeled] if made.unlabeled is not None else []
        if made.features is not None and made.features.parameters():
            hooks.append(Adapters(made.features, context.config.train.optimizer))
        return hooks

    def _distillation(self, model, context):
        """One for each model, for its hook and its objective share layers."""
        if self._made is None or self._made.model is not model:
            self._made = self._make(model, context)
        return self._made

    def _make(self, model, context):
        from ..distill.features import Features
        from ..distill.heads import Answers
        from ..distill.objective import Distillation
        from ..distill.teacher import Teacher
        from ..distill.unlabeled import Unlabeled

        teachers = [Teacher(source, context, self.size) for source in self.teachers.values()]
        answers = None
        if self.loss != "none":
            answers = Answers(model, teachers, self.loss, self.temperature, self.heads)
        if any(one["loss"] == "fgd" for one in self.features) and context.config.task != "detect":
            raise ConfigError("features: fgd weighs places by boxes, and this task has none; take l2, attention or cwd")
        features = Features(model, teachers[0], self.features) if self.features else None
        unlabeled = Unlabeled(self.unlabeled, context.config) if self.unlabeled else None
        context.say(f"learning from {', '.join(teacher.source for teacher in teachers)}")
        return Distillation(model, teachers, self.task_weight, answers, self.weight, features, unlabeled)


def feature_entry(entry):
    """A whole entry of `features` from what a config says; ValueError for an unknown key or a value that cannot be."""
    from ..distill.features import KINDS

    for key in entry if isinstance(entry, dict) else ():
        if key not in ENTRY:
            raise ValueError(f"features have no key {key!r}.{suggestion(key, ENTRY) or ' Known: ' + ', '.join(ENTRY)}")
    if not isinstance(entry, dict) or "student" not in entry:
        raise ValueError(f"features are blocks of {{student: LAYER, loss: l2}}, got {show(entry)}")
    full = {**ENTRY, "teacher": entry["student"], **entry}
    for key in ("student", "teacher", "loss"):
        if not fits(full[key], str):
            raise ValueError(f"features: {key}: {expected(str, full[key])}")
    if full["loss"] not in KINDS:
        raise ValueError(f"features: loss must be one of {', '.join(KINDS)}, got {full['loss']!r}")
    check_number("features: weight", full["weight"], 0)
    default = KINDS[full["loss"]]
    if full["temperature"] is None:
        full["temperature"] = default
    elif default is None:
        raise ValueError(f"features: temperature is for cwd and fgd; {full['loss']} has none, remove it")
    else:
        check_number("features: temperature", full["temperature"], 1e-6)
    return full
