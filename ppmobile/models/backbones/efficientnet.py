"""EfficientNet-B0, the searched net that TinyNet and the accuracy comparisons start from."""

import paddle.nn.functional as F
from paddle import nn

from .. import BACKBONES
from ..blocks import Backbone, ConvBN, SqueezeExcite

# kernel size, expansion, output channels, number of blocks, stride of the first of them; a line is a stage
STAGES = (
    (3, 1, 16, 1, 1),
    (3, 6, 24, 2, 2),
    (5, 6, 40, 2, 2),
    (3, 6, 80, 3, 2),
    (5, 6, 112, 3, 1),
    (5, 6, 192, 4, 2),
    (3, 6, 320, 1, 1),
)
STEM_CHANNELS, LAST_CHANNELS = 32, 1280
DROP_CONNECT = 0.2
BN = {"momentum": 0.99, "epsilon": 1e-3}


class MBConv(nn.Layer):
    """1x1 expansion (unless 1), depthwise convolution, squeeze-and-excite, linear 1x1 projection, shortcut.

    drop_connect: probability that a picture skips the block in training (stochastic depth, arXiv:1603.09382).
    """

    def __init__(self, in_channels, channels, kernel_size, expansion, stride, drop_connect):
        super().__init__()
        hidden = in_channels * expansion
        self.shortcut = stride == 1 and in_channels == channels
        self.drop_connect = drop_connect
        self.expand = ConvBN(in_channels, hidden, activation="silu", **BN) if expansion > 1 else None
        padding = same_padding(kernel_size, stride)
        self.depthwise = ConvBN(hidden, hidden, kernel_size, stride, hidden, "silu", padding, **BN)
        self.excite = SqueezeExcite(hidden, in_channels // 4, "silu", "sigmoid")
        self.project = ConvBN(hidden, channels, **BN)

    def forward(self, x):
        """(N, in_channels, H, W) to (N, channels, H/stride, W/stride)."""
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.excite(self.depthwise(y)))
        if not self.shortcut:
            return y
        if self.training:
            y = F.dropout(y, self.drop_connect, axis=0)
        return x + y


@BACKBONES.register
class EfficientNetB0(Backbone):
    """EfficientNet-B0 (arXiv:1905.11946).

    out_strides: growing list out of 2, 4, 8, 16, 32; None for the map of 1280 channels that the classifier pools.
    """

    head = {"dropout": 0.2}
    official_parts = {
        "stem": "_ef._conv_stem._conv",
        "conv": "_conv._conv",
        "bn": "_bn",
        "expand": "_ecn._conv",
        "depthwise": "_dcn._conv",
        "excite": "_se",
        "conv1": "_conv1._conv",
        "conv2": "_conv2._conv",
        "project": "_pcn._conv",
        "last_conv": "_conv",
        "fc": "_fc",
    }

    def __init__(self, out_strides=None):
        super().__init__()
        rows = [
            (kernel_size, expansion, channels, 1 if index else stride, index)
            for kernel_size, expansion, channels, repeats, stride in STAGES
            for index in range(repeats)
        ]
        self.block_names = [f"_ef.{'block' if row[-1] else '_blocks'}.{i}." for i, row in enumerate(rows)]
        widths = [row[2] for row in rows]
        count = self.plan(widths, [row[3] for row in rows], out_strides)
        self.stem = ConvBN(3, STEM_CHANNELS, 3, 2, activation="silu", padding=same_padding(3, 2), **BN)
        self.blocks = nn.LayerList(
            MBConv(before, channels, kernel_size, expansion, stride, DROP_CONNECT * index / len(rows))
            for index, (before, (kernel_size, expansion, channels, stride, _)) in enumerate(
                zip([STEM_CHANNELS, *widths], rows[:count])
            )
        )
        if out_strides is None:
            self.channels = [LAST_CHANNELS]
            self.last_conv = ConvBN(widths[-1], LAST_CHANNELS, activation="silu", **BN)


def same_padding(kernel_size, stride):
    """Padding [top, bottom, left, right] of TensorFlow's SAME on inputs that the stride divides.

    The surplus at bottom and right keeps ceil(H / stride) rows for the other inputs.
    """
    total = max(kernel_size - stride, 0)
    before = total // 2
    after = before + stride if total % 2 else before
    return [before, after, before, after]
