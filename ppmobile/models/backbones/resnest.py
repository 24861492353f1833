"""ResNeSt-50 (arXiv:2004.08955), a strong teacher: ResNet-D whose 3x3 convolutions attend over feature splits."""

import paddle
import paddle.nn.functional as F
from paddle import nn
from paddle.nn.initializer import KaimingNormal

from .. import BACKBONES
from ..blocks import Backbone, ConvBN, one_of

WIDTHS = (64, 128, 256, 512)
STAGES = (3, 4, 6, 3)  # blocks of each stage
VARIANTS = {  # radix: feature splits that compete; pool_first: stride-2 blocks pool before the 3x3 convolution
    "50": {"radix": 2, "pool_first": False},
    "50_fast_1s1x64d": {"radix": 1, "pool_first": True},
}


class SplitAttention(nn.Layer):
    """3x3 convolution to `radix` splits, mixed by softmax weights (a sigmoid gate if radix is 1); (N, C, H, W) kept."""

    def __init__(self, channels, radix):
        super().__init__()
        self.channels, self.radix = channels, radix
        reduced = max(channels * radix // 4, 32)
        self.conv1 = ConvBN(channels, channels * radix, 3, groups=radix, activation="relu")
        self.conv2 = ConvBN(channels, reduced, 1, activation="relu")
        self.conv3 = nn.Conv2D(reduced, channels * radix, 1, weight_attr=paddle.ParamAttr(initializer=KaimingNormal()))

    def forward(self, x):
        """Feature map in, feature map of the same shape out."""
        x = self.conv1(x)
        splits = paddle.split(x, self.radix, axis=1) if self.radix > 1 else [x]
        weights = paddle.split(self._weights(sum(splits[1:], splits[0])), self.radix, axis=1)
        mixed = splits[0] * weights[0]
        for split, weight in zip(splits[1:], weights[1:]):
            mixed = mixed + split * weight
        return mixed

    def _weights(self, x):
        x = self.conv3(self.conv2(F.adaptive_avg_pool2d(x, 1)))
        if self.radix == 1:
            return F.sigmoid(x)
        x = F.softmax(x.reshape([-1, self.radix, self.channels]), axis=1)
        return x.reshape([-1, self.radix * self.channels, 1, 1])


class _Block(nn.Layer):
    """Bottleneck with split attention in the middle; stride 2 is an average pool, in main path and shortcut."""

    def __init__(self, in_channels, width, stride, project, radix, pool_first):
        super().__init__()
        self.pool_first = pool_first
        self.conv1 = ConvBN(in_channels, width, 1, activation="relu")
        self.pool = nn.AvgPool2D(3, 2, padding=1) if stride == 2 else None
        self.conv2 = SplitAttention(width, radix)
        self.conv3 = ConvBN(width, width * 4, 1)
        # ceil_mode keeps the size equal to that of the padded pool when a map has an odd side
        self.short_pool = nn.AvgPool2D(2, 2, ceil_mode=True) if stride == 2 else None
        self.project = project
        if project:  # not a ConvBN: the published keys have its two layers directly under the block
            weight = paddle.ParamAttr(initializer=KaimingNormal())
            self.conv4 = nn.Conv2D(in_channels, width * 4, 1, weight_attr=weight, bias_attr=False)
            self.bn = nn.BatchNorm2D(width * 4)
        self.relu = nn.ReLU()

    def forward(self, x):
        short = x if self.short_pool is None else self.short_pool(x)
        if self.project:
            short = self.bn(self.conv4(short))
        x = self.conv1(x)
        if self.pool is None:
            x = self.conv2(x)
        else:
            x = self.conv2(self.pool(x)) if self.pool_first else self.pool(self.conv2(x))
        return self.relu(self.conv3(x) + short)


@BACKBONES.register
class ResNeSt(Backbone):
    """ResNeSt50 and ResNeSt50_fast_1s1x64d of PaddleClas.

    variant: "50" or "50_fast_1s1x64d". out_strides: None for the last map (stride 32), else strides among
    4, 8, 16, 32. ValueError for any other value.
    """

    official_parts = {"conv": "_conv", "bn": "_batch_norm", "fc": "out"}

    def __init__(self, variant="50", out_strides=None):
        super().__init__()
        options = VARIANTS[one_of("variant", variant, VARIANTS)]
        rows = [
            (width, 2 if index == 0 and width > WIDTHS[0] else 1, index == 0)
            for width, repeats in zip(WIDTHS, STAGES)
            for index in range(repeats)
        ]
        channels = [width * 4 for width, _, _ in rows]
        needed = self.plan(channels, [stride for _, stride, _ in rows], out_strides, stem_stride=4)
        self.block_names = [f"layer{s}.layer{s}_bottleneck_{i}" for s, n in enumerate(STAGES, 1) for i in range(n)]
        self.stem = nn.Sequential(
            ("conv1", ConvBN(3, 32, 3, 2, activation="relu")),
            ("conv2", ConvBN(32, 32, 3, activation="relu")),
            ("conv3", ConvBN(32, 64, 3, activation="relu")),
            ("pool", nn.MaxPool2D(3, 2, padding=1)),
        )
        sources = [64, *channels]
        self.blocks = nn.LayerList([_Block(sources[i], *rows[i], **options) for i in range(needed)])
