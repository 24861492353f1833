"""What a YOLOv3 student learns from a YOLOv3 teacher: its boxes and classes where that one sees an object."""

import paddle.nn.functional as F

from .losses import binary_kl


def yolo_losses(head, outputs, answers, temperature=1.0, weights=()):
    """{"loss_kd_box", "loss_kd_obj", "loss_kd_cls"}: sums over a picture's places, mean over pictures.

    As in PaddleDetection's distillation of YOLOv3 heads (ppdet/slim/distill_loss.py), boxes and classes count by the
    teacher's objectness. Unlike there, objectness itself is learnt as the probability that the teacher gives, not as
    yes or no, and all losses are divergences in the unit of the head's own: 0 for a student that equals its teacher.

    head: the student's. outputs, answers: lists of raw maps (N, K * (5 + classes), H, W) of student and teacher, whose
    anchors are the same. temperature: of the classes. weights: of the maps, all 1 if empty.
    """
    total = dict.fromkeys(("loss_kd_box", "loss_kd_obj", "loss_kd_cls"), 0.0)
    for level, (student, teacher) in enumerate(zip(outputs, answers)):
        shape = [0, head.anchors.shape[1], 5 + head.num_classes, -1]
        own, wanted = student.reshape(shape), teacher.reshape(shape)
        factor = (weights[level] if weights else 1.0) / student.shape[0]
        for name, value in _places(own, wanted, temperature).items():
            total[name] = total[name] + factor * value.sum()
    return total


def _places(own, wanted, temperature):
    """{name: losses of each place} of rows (N, K, 5 + classes, H * W)."""
    sure = F.sigmoid(wanted[:, :, 4:5])
    centre = binary_kl(own[:, :, :2], wanted[:, :, :2])
    side = (own[:, :, 2:4] - wanted[:, :, 2:4]).abs()
    return {"loss_kd_box": sure * (centre + side), "loss_kd_obj": binary_kl(own[:, :, 4], wanted[:, :, 4]),
            "loss_kd_cls": sure * binary_kl(own[:, :, 5:], wanted[:, :, 5:], temperature)}
