"""The classification head: shapes, dropout modes, and losses worked out in NumPy."""

import numpy as np
import paddle
import pytest

from ppmobile.models.heads.classify import ClassifyHead

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 1.0, 3.0]], np.float32)
FIRST, SECOND = np.array([0, 1]), np.array([2, 1])


def cross_entropy(logits, labels, smoothing=0.0):
    """-sum(target * log softmax) for each row, the target being one-hot, flattened by the smoothing."""
    log_prob = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    target = np.eye(3)[labels] * (1 - smoothing) + smoothing / 3
    return -(target * log_prob).sum(1)


def loss(head, **labels):
    """The head's loss of LOGITS as a float."""
    batch = {key: paddle.to_tensor(value) for key, value in labels.items()}
    return float(head.losses(paddle.to_tensor(LOGITS), batch)["loss_cls"])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_plain_and_smoothed_loss(smoothing):
    head = ClassifyHead([4], 3, label_smoothing=smoothing)
    assert loss(head, label=FIRST) == pytest.approx(cross_entropy(LOGITS, FIRST, smoothing).mean(), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_mixed_labels(smoothing):
    head = ClassifyHead([4], 3, label_smoothing=smoothing)
    lam = np.array([0.3, 1.0], np.float32)
    parts = [cross_entropy(LOGITS, labels, smoothing) for labels in (FIRST, SECOND)]
    expected = (lam * parts[0] + (1 - lam) * parts[1]).mean()
    assert loss(head, label=FIRST, label_b=SECOND, lam=lam) == pytest.approx(expected, rel=1e-5)


def test_loss_is_differentiable_through_both_labels():
    logits = paddle.to_tensor(LOGITS, stop_gradient=False)
    batch = {"label": FIRST, "label_b": SECOND, "lam": np.full(2, 0.5, np.float32)}
    batch = {key: paddle.to_tensor(value) for key, value in batch.items()}
    ClassifyHead([4], 3).losses(logits, batch)["loss_cls"].backward()
    prob = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
    expected = (prob - 0.5 * np.eye(3)[FIRST] - 0.5 * np.eye(3)[SECOND]) / 2
    np.testing.assert_allclose(logits.grad.numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("hidden", [0, 8])
def test_the_last_map_is_pooled_to_logits(hidden):
    head = ClassifyHead([2, 4], 3, hidden=hidden)
    head.eval()
    maps = [paddle.rand([2, 2, 8, 8]), paddle.rand([2, 4, 4, 5])]
    pooled = maps[-1].mean([2, 3], keepdim=True)
    assert head(maps).shape == [2, 3]
    np.testing.assert_allclose(head(maps).numpy(), head([pooled]).numpy(), atol=1e-6)


def test_only_the_hidden_layers_dropout_scales_at_inference():
    """As the published nets do: eval output of a net with a hidden layer is (1 - p) times the plain one."""
    maps = [paddle.rand([1, 4, 2, 2])]
    for hidden, factor in ((8, 0.5), (0, 1.0)):
        head = ClassifyHead([4], 3, hidden=hidden, dropout=0.5)
        head.eval()
        dropped = head(maps).numpy()
        head.dropout = None
        np.testing.assert_allclose(dropped, factor * head(maps).numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    "options, message", [({"dropout": 1.0}, "dropout 1.0"), ({"label_smoothing": -0.1}, "-0.1"), ({"hidden": -1}, "-1")]
)
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ClassifyHead([4], 3, **options)
