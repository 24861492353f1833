"""MobileNetV2, the net of inverted residuals with linear bottlenecks, and the usual subject of network slimming."""

from paddle import nn

from .. import BACKBONES
from ..blocks import Backbone, ConvBN, one_of

SCALES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)

# expansion, output channels at scale 1, number of blocks, stride of the first of them; a line is a stage
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))


class InvertedResidual(nn.Layer):
    """1x1 expansion, 3x3 depthwise convolution, linear 1x1 projection, and a shortcut where the shapes allow it."""

    def __init__(self, in_channels, channels, expansion, stride):
        super().__init__()
        hidden = in_channels * expansion
        self.shortcut = stride == 1 and in_channels == channels
        self.expand = ConvBN(in_channels, hidden, activation="relu6")
        self.depthwise = ConvBN(hidden, hidden, 3, stride, hidden, "relu6")
        self.project = ConvBN(hidden, channels)

    def forward(self, x):
        """(N, in_channels, H, W) to (N, channels, H/stride, W/stride)."""
        y = self.project(self.depthwise(self.expand(x)))
        return x + y if self.shortcut else y


@BACKBONES.register
class MobileNetV2(Backbone):
    """MobileNetV2 (arXiv:1801.04381), as PaddleClas has it: with a 1x1 expansion in the first block too.

    scale: width, one of 0.25, 0.5, 0.75, 1.0, 1.5, 2.0. out_strides: growing list out of 2, 4, 8, 16, 32; None for
    the map of 1280 * max(1, scale) channels that the classifier pools.
    """

    official_parts = {
        "stem": "conv1",
        "conv": "_conv",
        "bn": "_batch_norm",
        "expand": "_expand_conv",
        "depthwise": "_bottleneck_conv",
        "project": "_linear_conv",
        "last_conv": "conv9",
        "fc": "out",
    }

    def __init__(self, scale=1.0, out_strides=None):
        super().__init__()
        one_of("scale", scale, SCALES)
        rows, self.block_names = block_table(scale)
        widths = [width for _, width, _ in rows]
        count = self.plan(widths, [stride for *_, stride in rows], out_strides)
        stem = int(32 * scale)
        self.stem = ConvBN(3, stem, 3, 2, activation="relu6")
        self.blocks = nn.LayerList(
            InvertedResidual(before, width, expansion, stride)
            for before, (expansion, width, stride) in zip([stem, *widths], rows[:count])
        )
        if out_strides is None:
            self.channels = [int(1280 * max(1.0, scale))]
            self.last_conv = ConvBN(widths[-1], self.channels[0], activation="relu6")


def block_table(scale):
    """([(expansion, channels, stride)] of all blocks, [the PaddleClas name of each])."""
    rows, names = [], []
    for stage, (expansion, channels, repeats, stride) in enumerate(STAGES, 2):
        for index in range(repeats):
            rows.append((expansion, int(channels * scale), 1 if index else stride))
            names.append(f"conv{stage}.conv{stage}_{index + 1}" if index else f"conv{stage}._first_block")
    return rows, names
