"""ResNet-vd (arXiv:1812.01187), the classic teacher: deep 3x3 stem, and shortcuts that average before they project."""

from paddle import nn

from .. import BACKBONES
from ..blocks import Backbone, ConvBN, one_of

WIDTHS = (64, 128, 256, 512)
STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3)}  # blocks of each stage
BOTTLENECK_FROM = 50


class _Block(nn.Layer):
    """Residual block: relu(convolutions(x) + short(x))."""

    def __init__(self, in_channels, width, stride, project, bottleneck):
        super().__init__()
        out = width * 4 if bottleneck else width
        if bottleneck:
            self.conv0 = ConvBN(in_channels, width, 1, activation="relu")
            self.conv1 = ConvBN(width, width, 3, stride, activation="relu")
            self.conv2 = ConvBN(width, out, 1)
        else:
            self.conv0 = ConvBN(in_channels, width, 3, stride, activation="relu")
            self.conv1 = ConvBN(width, out, 3)
            self.conv2 = None
        # ceil_mode keeps the size equal to that of the strided convolution when a map has an odd side
        self.pool = nn.AvgPool2D(2, 2, ceil_mode=True) if stride == 2 else None
        self.short = ConvBN(in_channels, out, 1) if project else None
        self.relu = nn.ReLU()

    def forward(self, x):
        short = x if self.pool is None else self.pool(x)
        if self.short is not None:
            short = self.short(short)
        x = self.conv1(self.conv0(x))
        if self.conv2 is not None:
            x = self.conv2(x)
        return self.relu(x + short)


@BACKBONES.register
class ResNetVd(Backbone):
    """ResNet18_vd, ResNet34_vd, ResNet50_vd of PaddleClas.

    depth: 18, 34 or 50. out_strides: None for the last map (stride 32), else strides among 4, 8, 16, 32.
    ValueError for any other value.
    """

    def __init__(self, depth=50, out_strides=None):
        super().__init__()
        bottleneck = one_of("depth", depth, STAGES) >= BOTTLENECK_FROM
        rows = [
            (width, 2 if index == 0 and width > WIDTHS[0] else 1, index == 0)
            for width, repeats in zip(WIDTHS, STAGES[depth])
            for index in range(repeats)
        ]
        channels = [width * 4 if bottleneck else width for width, _, _ in rows]
        needed = self.plan(channels, [stride for _, stride, _ in rows], out_strides, stem_stride=4)
        self.stem = nn.Sequential(
            ConvBN(3, 32, 3, 2, activation="relu"),
            ConvBN(32, 32, 3, activation="relu"),
            ConvBN(32, 64, 3, activation="relu"),
            nn.MaxPool2D(3, 2, padding=1),
        )
        sources = [64, *channels]
        self.blocks = nn.LayerList([_Block(sources[i], *rows[i], bottleneck) for i in range(needed)])
