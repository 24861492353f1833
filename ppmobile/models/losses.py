"""Losses of detectors, element by element, so that each head weighs and sums them its own way."""

import math

import paddle
import paddle.nn.functional as F

from .boxes import overlap


def smooth_l1(predicted, target):
    """Loss of the same shape: x^2 / 2 where |x| < 1, else |x| - 1/2, of x = predicted - target (arXiv:1504.08083)."""
    x = (predicted - target).abs()
    return paddle.where(x < 1, 0.5 * x * x, x - 0.5)


def balanced_l1(predicted, target, alpha=0.5, gamma=1.5):
    """Loss of the same shape that gives good boxes a larger gradient than smooth L1 (Libra R-CNN, arXiv:1904.02701).

    a / b (b |x| + 1) ln(b |x| + 1) - a |x| where |x| < 1, else g |x| + C, with b = e^(g / a) - 1 and C such that the
    two pieces meet. alpha: a, smaller means a larger gradient of small errors. gamma: g, the largest gradient.
    """
    b = math.exp(gamma / alpha) - 1
    x = (predicted - target).abs()
    inner = alpha / b * (b * x + 1) * paddle.log(b * x + 1) - alpha * x
    # at |x| = 1, where ln(b + 1) = gamma / alpha, the inner piece is gamma + gamma / b - alpha
    return paddle.where(x < 1, inner, gamma * x + gamma / b - alpha)


def l1(predicted, target):
    """Loss of the same shape: |predicted - target|."""
    return (predicted - target).abs()


BOX_LOSSES = {"smooth_l1": smooth_l1, "balanced_l1": balanced_l1, "l1": l1}


def iou_loss(predicted, target, kind="iou"):
    """(...) losses 1 - overlap of (..., 4) xyxy boxes; kind: iou, giou or diou as boxes.overlap has it."""
    return 1 - overlap(predicted, target, kind)


def sigmoid_focal(logits, target, alpha=0.25, gamma=2.0):
    """Focal loss of the same shape (arXiv:1708.02002, equation 5): cross entropy that fades for what is easy.

    target: 0 or 1. alpha: weight of the ones, 1 - alpha of the zeros. gamma: how fast it fades; 0 is plain weighting.
    """
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    probability = F.sigmoid(logits)
    wrong = target * (1 - probability) + (1 - target) * probability
    return (target * alpha + (1 - target) * (1 - alpha)) * wrong**gamma * entropy


def varifocal(scores, target, alpha=0.75, gamma=2.0):
    """Varifocal loss of the same shape (arXiv:2008.13367, equation 2): cross entropy with the box's quality as target.

    scores: in 0..1. target: the quality for the true class, 0 elsewhere. What is true counts by its quality, what is
    not fades as alpha * score ** gamma. Logarithms end at -100.
    """
    weight = paddle.where(target > 0, target, alpha * scores**gamma)
    return F.binary_cross_entropy(scores, target, reduction="none") * weight


def distribution_focal(logits, target):
    """(...) loss of the (..., K) logits of a distribution over 0..K - 1 (arXiv:2006.04388, equation 6).

    The cross entropy of the two whole numbers around `target`, (...) from 0 to below K - 1, each by its nearness.
    """
    left = target.floor()
    below, above = (F.cross_entropy(logits, (left + step).astype("int64").unsqueeze(-1), reduction="none").squeeze(-1)
                    for step in (0, 1))
    return below * (left + 1 - target) + above * (target - left)
