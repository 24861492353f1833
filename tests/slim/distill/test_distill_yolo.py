"""The YOLOv3 distillation against plain loops over places in NumPy, and where it must be nothing."""

import numpy as np
import paddle
import pytest

from ppmobile.models.heads.yolov3 import YOLOv3Head
from ppmobile.slim.distill.yolo import yolo_losses

ANCHORS = [[10, 12], [20, 20], [40, 30], [50, 60]]


@pytest.fixture
def head():
    return YOLOv3Head([4, 4], [8, 16], 3, anchors=ANCHORS)


def maps(seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 2, (2, 2 * 8, side, side)).astype(np.float32) for side in (4, 2)]


def sigmoid(x):
    return 1 / (1 + np.exp(-np.float64(x)))


def binary(t, s):
    """KL between the yes-or-no distributions of two logits."""
    p, q = sigmoid(t), sigmoid(s)
    return p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))


def by_loops(student, teacher, weights=(1, 1)):
    """The losses place by place: channel k * 8 + field of anchor k, fields x, y, w, h, objectness, three classes."""
    total = dict.fromkeys(("loss_kd_box", "loss_kd_obj", "loss_kd_cls"), 0.0)
    for weight, s, t in zip(weights, student, teacher):
        for n, row, column in np.ndindex(2, *s.shape[2:]):
            for k in range(2):
                a, b = s[n, 8 * k:8 * k + 8, row, column], t[n, 8 * k:8 * k + 8, row, column]
                sure = sigmoid(b[4]) * weight / 2
                total["loss_kd_box"] += sure * (sum(binary(b[:2], a[:2])) + abs(a[2:4] - b[2:4]).sum())
                total["loss_kd_cls"] += sure * sum(binary(b[5:], a[5:]))
                total["loss_kd_obj"] += binary(b[4], a[4]) * weight / 2
    return total


def tensors(arrays):
    return [paddle.to_tensor(x) for x in arrays]


@pytest.mark.parametrize("weights", [(), (2.0, 0.5)])
def test_equals_loops_over_places(head, weights):
    student, teacher = maps(1), maps(2)
    found = yolo_losses(head, tensors(student), tensors(teacher), 1.0, weights)
    for name, value in by_loops(student, teacher, weights or (1, 1)).items():
        assert float(found[name]) == pytest.approx(value, rel=1e-5), name


def test_an_equal_student_learns_nothing(head):
    student = tensors(maps(1))
    for x in student:
        x.stop_gradient = False
    losses = yolo_losses(head, student, tensors(maps(1)))
    sum(losses.values()).backward()
    assert sum(float(x) for x in losses.values()) == pytest.approx(0, abs=1e-5)
    for x in student:
        np.testing.assert_allclose(x.grad.numpy(), 0, atol=1e-6)


def test_where_the_teacher_sees_nothing_boxes_and_classes_do_not_count(head):
    teacher = maps(2)
    for x in teacher:
        x[:, [4, 12]] = -30
    found = yolo_losses(head, tensors(maps(1)), tensors(teacher))
    assert float(found["loss_kd_box"]) < 1e-6 and float(found["loss_kd_cls"]) < 1e-6
    assert float(found["loss_kd_obj"]) > 1
