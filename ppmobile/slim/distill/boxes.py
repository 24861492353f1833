"""What SSD and Faster R-CNN students learn from a teacher of the same anchors: its classes, and its boxes."""

import paddle
import paddle.nn.functional as F

from .losses import binary_kl, kl


def ssd_losses(head, outputs, answers, temperature=1.0, weights=()):
    """{"loss_kd_box", "loss_kd_cls"}: sums over all priors, divided by what the teacher takes for objects, at least 1.

    Deltas count by the teacher's probability that there is an object. head: the student's. outputs, answers: deltas
    (N, A, 4) and logits (N, A, classes + 1), then the priors, of student and teacher. temperature: of the classes.
    weights: there are no parts to weigh.
    """
    sure = 1 - F.softmax(answers[1])[:, :, -1]
    total = max(1.0, float(sure.sum()))
    box = (outputs[0] - answers[0]).abs().sum(axis=-1) * sure
    return {"loss_kd_box": box.sum() / total, "loss_kd_cls": kl(outputs[1], answers[1], temperature).sum() / total}


def rcnn_losses(head, outputs, answers, temperature=1.0, weights=()):
    """{"loss_kd_rpn", "loss_kd_box", "loss_kd_cls"} of both stages; the second looks at the student's proposals.

    loss_kd_rpn: sum over anchors of the divergence of objectness and of the deltas by the teacher's objectness, over
    the number of anchors that its own loss counts. loss_kd_cls: mean divergence over the proposals. loss_kd_box: deltas
    of each class by the teacher's probability of it, a mean over the proposals. head: the student's. outputs, answers:
    what the heads give in training, and the teacher's head. weights: of the two stages.
    """
    answers, teacher = answers
    first, second = weights or (1.0, 1.0)
    size = outputs.size
    proposals = head.rpn.propose(outputs.scores, outputs.deltas, size, *head.limits)
    boxes, counts = proposals.reshape([-1, 4]), [proposals.shape[1]] * proposals.shape[0]
    logits, deltas = head.roi(outputs.features, boxes, counts)
    with paddle.no_grad():
        wanted, moves = teacher.roi(answers.features, boxes, counts)
        likely = F.softmax(wanted)[:, :-1].unsqueeze(-1)
    box = ((deltas - moves).abs() * likely).sum() / len(boxes)
    return {"loss_kd_rpn": first * _rpn(outputs, answers) / (len(counts) * head.rpn.samples),
            "loss_kd_box": second * box, "loss_kd_cls": second * kl(logits, wanted, temperature).mean()}


def _rpn(outputs, answers):
    """Sum of the losses of all anchors."""
    total = 0.0
    for score, delta, wanted, move in zip(outputs.scores, outputs.deltas, answers.scores, answers.deltas):
        count, ratios, height, width = score.shape
        sure = F.sigmoid(wanted).unsqueeze(2)
        apart = (delta - move).abs().reshape([count, ratios, 4, height, width])
        total = total + binary_kl(score, wanted).sum() + (apart * sure).sum()
    return total
