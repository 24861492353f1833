"""The image classification head: pooled features to logits, with label smoothing and mixed labels."""

import paddle.nn.functional as F
from paddle import ParamAttr, nn

from .. import HEADS
from ..blocks import make_activation

TOPK = 5  # answers that a predictor names


@HEADS.register
class ClassifyHead(nn.Layer):
    """Global average pooling, an optional hidden 1x1 convolution, dropout, and the class layer.

    in_channels: of the backbone's maps; the last map is used. hidden: channels of the hidden layer, 0 for none;
    activation: after it. dropout: share of the features dropped in training. label_smoothing: share of the
    probability spread over all classes (arXiv:1512.00567).
    """

    official = True  # its layers have a counterpart in the PaddleClas checkpoints

    def __init__(self, in_channels, num_classes, hidden=0, activation="hardswish", dropout=0.2, label_smoothing=0.0):
        super().__init__()
        if not (0 <= dropout < 1 and 0 <= label_smoothing < 1):
            raise ValueError(f"dropout {dropout} and label_smoothing {label_smoothing} must be in [0, 1)")
        if hidden < 0:
            raise ValueError(f"hidden {hidden} must be 0 (no hidden layer) or a number of channels")
        width = hidden or in_channels[-1]
        self.hidden = nn.Conv2D(in_channels[-1], hidden, 1, bias_attr=False) if hidden else None
        self.activation = make_activation(activation) if hidden else None
        # the published nets with a hidden layer scale at inference, those without in training
        mode = "downscale_in_infer" if hidden else "upscale_in_train"
        self.dropout = nn.Dropout(dropout, mode=mode) if dropout else None
        # small weights: a fresh class layer on pretrained features starts near the uniform distribution
        self.fc = nn.Linear(width, num_classes, weight_attr=ParamAttr(initializer=nn.initializer.Normal(0.0, 0.01)))
        self.label_smoothing = label_smoothing

    def forward(self, features):
        """List of maps, the last (N, C, H, W), to logits (N, num_classes)."""
        x = F.adaptive_avg_pool2d(features[-1], 1)
        if self.hidden is not None:
            x = self.activation(self.hidden(x))
        if self.dropout is not None:
            x = self.dropout(x)
        return self.fc(x.reshape([0, -1]))  # reshape, because Paddle Lite crashes on flatten

    def answer(self, outputs):
        """What a deployed model gives for logits (N, num_classes): probabilities of the same shape."""
        return F.softmax(outputs)

    def deployed(self, outputs):
        """What the exported graph gives: the probabilities."""
        return self.answer(outputs)

    def postprocess(self, classes):
        """What deploy.yml says of reading the answers; classes: the names."""
        return {"topk": min(TOPK, len(classes))}

    def predictions(self, outputs, batch):
        """What metrics count: the logits as an array."""
        return outputs.numpy()

    def losses(self, outputs, batch):
        """{"loss_cls": mean cross entropy} of logits (N, C) and a batch with "label" (N,) int64.

        A batch mixed by mixup or cutmix also has "label_b" (N,) int64 and "lam" (N,) float32, the share of
        "label": lam * CE(label) + (1 - lam) * CE(label_b), as arXiv:1710.09412.
        """
        if "label_b" not in batch:
            return {"loss_cls": self._cross_entropy(outputs, batch["label"]).mean()}
        first, second = (self._cross_entropy(outputs, batch[key]) for key in ("label", "label_b"))
        return {"loss_cls": (second + batch["lam"] * (first - second)).mean()}

    def _cross_entropy(self, logits, label):
        """(N,) cross entropies against the smoothed one-hot target."""
        losses = F.cross_entropy(logits, label, reduction="none", label_smoothing=self.label_smoothing)
        return losses.reshape([-1])
