"""What a student minimises: its own losses, and its distance from one teacher or several."""

import paddle

from .taps import captured


class Distillation:
    """The objective of a training, called with a batch of tensors; gives {name: scalar}.

    task_weight: of the model's own losses; 0 leaves them out. answers: a heads.Answers or None. weight: of what it
    gives. features: a features.Features or None. unlabeled: an unlabeled.Unlabeled whose pictures, too, are answered,
    or None.
    """

    def __init__(self, model, teachers, task_weight, answers, weight, features, unlabeled=None):
        self.model, self.teachers, self.task_weight = model, teachers, task_weight
        self.answers, self.weight, self.features = answers, weight, features
        self.unlabeled = unlabeled
        self.paths = features.paths if features is not None else ([], [])

    def __call__(self, batch):
        image, count = batch["image"], len(batch["image"])
        if self.unlabeled is not None:
            image = paddle.concat([image, self.unlabeled.image])
        with captured(self.model, self.paths[0]) as own:
            outputs = self.model(image)
        losses = {}
        if self.task_weight:
            labelled = outputs if self.unlabeled is None else outputs[:count]
            losses = {k: v * self.task_weight for k, v in self.model.head.losses(labelled, batch).items()}
        asked = [teacher.ask(image, self.paths[1]) for teacher in self.teachers]
        if self.answers is not None:
            taught = self.answers(outputs, [answer for answer, _ in asked])
            losses.update({k: v * self.weight for k, v in taught.items()})
        if self.features is not None:
            losses.update(self.features(own, asked[0][1], batch))
        return losses
