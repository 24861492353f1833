"""PP-LCNet, the net for Intel CPUs: depthwise blocks, large kernels and squeeze-and-excite only late."""

from paddle import nn

from .. import BACKBONES
from ..blocks import Backbone, ConvBN, SqueezeExcite, make_divisible, one_of

SCALES = (0.25, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5)

# kernel size, output channels at scale 1, stride, squeeze-and-excite; one list a stage, from stage 2 on
STAGES = (
    ((3, 32, 1, False),),
    ((3, 64, 2, False), (3, 64, 1, False)),
    ((3, 128, 2, False), (3, 128, 1, False)),
    ((3, 256, 2, False),) + ((5, 256, 1, False),) * 5,
    ((5, 512, 2, True), (5, 512, 1, True)),
)


class DepthwiseSeparable(nn.Layer):
    """Depthwise convolution, optional squeeze-and-excite, 1x1 convolution; hard-swish after both."""

    def __init__(self, in_channels, channels, kernel_size, stride, excite):
        super().__init__()
        self.depthwise = ConvBN(in_channels, in_channels, kernel_size, stride, in_channels, "hardswish")
        self.excite = SqueezeExcite(in_channels, in_channels // 4) if excite else None
        self.pointwise = ConvBN(in_channels, channels, activation="hardswish")

    def forward(self, x):
        """(N, in_channels, H, W) to (N, channels, H/stride, W/stride)."""
        x = self.depthwise(x)
        return self.pointwise(x if self.excite is None else self.excite(x))


@BACKBONES.register
class PPLCNet(Backbone):
    """PP-LCNet (arXiv:2109.15099).

    scale: width, one of 0.25, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5. out_strides: growing list out of 2, 4, 8, 16,
    32; None for the last map.
    """

    head = {"hidden": 1280, "activation": "hardswish", "dropout": 0.2}
    official_parts = {
        "stem": "conv1",
        "depthwise": "dw_conv",
        "excite": "se",
        "pointwise": "pw_conv",
        "hidden": "last_conv",
    }

    def __init__(self, scale=1.0, out_strides=None):
        super().__init__()
        one_of("scale", scale, SCALES)
        rows = [row for stage in STAGES for row in stage]
        widths = [make_divisible(row[1] * scale) for row in rows]
        count = self.plan(widths, [row[2] for row in rows], out_strides)
        self.block_names = [f"blocks{s}.{i}" for s, stage in enumerate(STAGES, 2) for i in range(len(stage))]
        stem = make_divisible(16 * scale)
        self.stem = ConvBN(3, stem, 3, 2, activation="hardswish")
        self.blocks = nn.LayerList(
            DepthwiseSeparable(before, width, kernel_size, stride, excite)
            for before, width, (kernel_size, _, stride, excite) in zip([stem, *widths], widths[:count], rows)
        )
