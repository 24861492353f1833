"""Distances between a student's and a teacher's numbers; each is 0, with no gradient, where they are equal."""

import math

import paddle
import paddle.nn.functional as F


def log_softmax(logits):
    """Logarithms of softmax over the last axis, of the same shape; Paddle's own ends at -64 on a CPU (3.1)."""
    return logits - paddle.logsumexp(logits, axis=-1, keepdim=True)


def kl(student, teacher, temperature=1.0):
    """(...) Kullback-Leibler divergences KL(teacher || student) of softmax over the last axis of logits (..., C).

    Logits are divided by `temperature`, and the result is multiplied by its square, so that the size of the gradients
    does not depend on it (arXiv:1503.02531, section 2).
    """
    wanted, answered = (log_softmax(x / temperature) for x in (teacher, student))
    return (wanted.exp() * (wanted - answered)).sum(axis=-1) * temperature**2


def js(student, teacher, temperature=1.0):
    """(...) Jensen-Shannon divergences of softmax over the last axis of logits (..., C); temperature as in `kl`.

    The mean of the divergences of both from their middle, which SSLD learns by (arXiv:2103.05959). Unlike KL it is
    bounded, by temperature^2 * ln 2.
    """
    pair = [log_softmax(x / temperature) for x in (teacher, student)]
    middle = paddle.logaddexp(*pair) - math.log(2)
    halves = [(x.exp() * (x - middle)).sum(axis=-1) for x in pair]
    return (halves[0] + halves[1]) / 2 * temperature**2


def binary_kl(student, teacher, temperature=1.0):
    """Kullback-Leibler divergences, of the same shape, of the yes-or-no distributions that logits stand for.

    This is the cross entropy against the teacher's probability less that probability's own entropy: the same gradient,
    but 0 where both agree. temperature as in `kl`.
    """
    student, teacher = student / temperature, teacher / temperature
    wanted = F.sigmoid(teacher)
    cross, own = (F.binary_cross_entropy_with_logits(x, wanted, reduction="none") for x in (student, teacher))
    return (cross - own) * temperature**2


def l2(student, teacher):
    """Mean square of the difference of two maps (N, C, H, W) (FitNets, arXiv:1412.6550, equation 3)."""
    return ((student - teacher) ** 2).mean()


def attention(student, teacher):
    """Attention transfer between maps (N, C, H, W) whose channels may differ (arXiv:1612.03928, equation 2).

    A map's attention is the sum of squares over its channels, as a vector of length 1; the loss is the squared distance
    of the two vectors, a mean over the pictures. (Squared, for at equal maps the distance itself has no gradient.)
    """
    one, other = (F.normalize((x**2).sum(axis=1).flatten(1), axis=1) for x in (student, teacher))
    return ((one - other) ** 2).sum(axis=1).mean()


def cwd(student, teacher, temperature=1.0):
    """Channel-wise distillation of maps (N, C, H, W) (arXiv:2011.13256): where each channel looks.

    The KL divergence of softmax over the places of a channel, a mean over channels and pictures.
    """
    return kl(student.flatten(2), teacher.flatten(2), temperature).mean()
