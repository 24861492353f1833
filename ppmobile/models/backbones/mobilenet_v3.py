"""MobileNetV3, the searched nets for phones: inverted residuals with squeeze-and-excite and hard-swish."""

from paddle import nn

from .. import BACKBONES
from ..blocks import Backbone, ConvBN, SqueezeExcite, make_divisible, one_of

SCALES = (0.35, 0.5, 0.75, 1.0, 1.25)

# kernel size, hidden channels, output channels, squeeze-and-excite, activation, stride; channels at scale 1
BLOCKS = {
    "large": (
        (3, 16, 16, False, "relu", 1),
        (3, 64, 24, False, "relu", 2),
        (3, 72, 24, False, "relu", 1),
        (5, 72, 40, True, "relu", 2),
        (5, 120, 40, True, "relu", 1),
        (5, 120, 40, True, "relu", 1),
        (3, 240, 80, False, "hardswish", 2),
        (3, 200, 80, False, "hardswish", 1),
        (3, 184, 80, False, "hardswish", 1),
        (3, 184, 80, False, "hardswish", 1),
        (3, 480, 112, True, "hardswish", 1),
        (3, 672, 112, True, "hardswish", 1),
        (5, 672, 160, True, "hardswish", 2),
        (5, 960, 160, True, "hardswish", 1),
        (5, 960, 160, True, "hardswish", 1),
    ),
    "small": (
        (3, 16, 16, True, "relu", 2),
        (3, 72, 24, False, "relu", 2),
        (3, 88, 24, False, "relu", 1),
        (5, 96, 40, True, "hardswish", 2),
        (5, 240, 40, True, "hardswish", 1),
        (5, 240, 40, True, "hardswish", 1),
        (5, 120, 48, True, "hardswish", 1),
        (5, 144, 48, True, "hardswish", 1),
        (5, 288, 96, True, "hardswish", 2),
        (5, 576, 96, True, "hardswish", 1),
        (5, 576, 96, True, "hardswish", 1),
    ),
}
LAST_CHANNELS = {"large": 960, "small": 576}


class InvertedResidual(nn.Layer):
    """1x1 expansion, depthwise convolution, optional squeeze-and-excite, linear 1x1 projection, shortcut."""

    def __init__(self, in_channels, hidden, channels, kernel_size, excite, activation, stride):
        super().__init__()
        self.shortcut = stride == 1 and in_channels == channels
        self.expand = ConvBN(in_channels, hidden, activation=activation)
        self.depthwise = ConvBN(hidden, hidden, kernel_size, stride, hidden, activation)
        # the published weights were trained with this steeper gate
        self.excite = SqueezeExcite(hidden, hidden // 4, gate="hardsigmoid_0.2") if excite else None
        self.project = ConvBN(hidden, channels)

    def forward(self, x):
        """(N, in_channels, H, W) to (N, channels, H/stride, W/stride)."""
        y = self.depthwise(self.expand(x))
        y = self.project(y if self.excite is None else self.excite(y))
        return x + y if self.shortcut else y


@BACKBONES.register
class MobileNetV3(Backbone):
    """MobileNetV3 (arXiv:1905.02244).

    size: "small" or "large". scale: width, one of 0.35, 0.5, 0.75, 1.0, 1.25. out_strides: growing list out of 4,
    8, 16, 32, and 2 for "large"; None for the map of 576 or 960 channels (times scale) that the classifier pools.
    """

    head = {"hidden": 1280, "activation": "hardswish", "dropout": 0.2}
    official_parts = {
        "stem": "conv",
        "expand": "expand_conv",
        "depthwise": "bottleneck_conv",
        "excite": "mid_se",
        "project": "linear_conv",
        "last_conv": "last_second_conv",
        "hidden": "last_conv",
    }

    def __init__(self, size="small", scale=1.0, out_strides=None):
        super().__init__()
        one_of("size", size, BLOCKS)
        one_of("scale", scale, SCALES)
        rows = BLOCKS[size]
        widths = [make_divisible(row[2] * scale) for row in rows]
        count = self.plan(widths, [row[-1] for row in rows], out_strides)
        stem = make_divisible(16 * scale)
        self.stem = ConvBN(3, stem, 3, 2, activation="hardswish")
        self.blocks = nn.LayerList(
            InvertedResidual(before, make_divisible(hidden * scale), width, kernel_size, excite, activation, stride)
            for before, width, (kernel_size, hidden, _, excite, activation, stride) in zip(
                [stem, *widths], widths[:count], rows
            )
        )
        if out_strides is None:
            self.channels = [make_divisible(LAST_CHANNELS[size] * scale)]
            self.last_conv = ConvBN(widths[-1], self.channels[0], activation="hardswish")
