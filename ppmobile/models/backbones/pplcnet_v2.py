"""PP-LCNet v2: PP-LCNet with branched depthwise convolutions that fuse into one for deployment."""

import paddle.nn.functional as F
from paddle import nn

from .. import BACKBONES
from ..blocks import Backbone, ConvBN, SqueezeExcite, make_divisible, one_of

# size: width, blocks in each of the four stages
SIZES = {"small": (0.75, (2, 2, 4, 2)), "base": (1.0, (2, 2, 6, 2)), "large": (1.25, (2, 2, 8, 2))}

# output channels at width 1, kernel size, split 1x1 convolution, branches, squeeze-and-excite, shortcut
STAGES = (
    (128, 3, False, False, False, False),
    (256, 3, False, False, False, False),
    (512, 5, True, True, True, False),
    (1024, 5, False, True, False, True),
)


class BranchedDepthwise(nn.Layer):
    """Sum of depthwise convolutions of sizes kernel_size, ..., 3, 1, then ReLU; the 1x1 only at stride 1.

    `fused` is the one convolution that equals the sum in evaluation; the published state dict holds it too, so
    it is always there, but it is neither trained nor used before `fuse` has set it.
    """

    def __init__(self, channels, kernel_size, stride):
        super().__init__()
        sizes = [size for size in range(kernel_size, 0, -2) if size > 1 or stride == 1]
        self.branches = nn.LayerList(ConvBN(channels, channels, size, stride, channels) for size in sizes)
        self.fused = nn.Conv2D(channels, channels, kernel_size, stride, (kernel_size - 1) // 2, groups=channels)
        for parameter in self.fused.parameters():
            parameter.stop_gradient = True
        self.is_fused = False

    def forward(self, x):
        """(N, channels, H, W) to (N, channels, H/stride, W/stride)."""
        if self.is_fused:
            return F.relu(self.fused(x))
        first, *others = self.branches
        y = first(x)
        for branch in others:
            y = y + branch(x)
        return F.relu(y)

    def fuse(self):
        """Set the fused convolution from the branches and use it from now on: faster, and no longer trainable."""
        kernel, bias = 0, 0
        for branch in self.branches:
            bn = branch.bn
            gain = bn.weight / (bn._variance + bn._epsilon).sqrt()
            margin = (self.fused.weight.shape[-1] - branch.conv.weight.shape[-1]) // 2
            kernel = kernel + F.pad(branch.conv.weight * gain.reshape([-1, 1, 1, 1]), [margin] * 4)
            bias = bias + bn.bias - bn._mean * gain
        self.fused.weight.set_value(kernel)
        self.fused.bias.set_value(bias)
        self.is_fused = True


class DepthwiseSeparable(nn.Layer):
    """Depthwise convolution, optional squeeze-and-excite, one or two 1x1 convolutions, optional shortcut."""

    def __init__(self, in_channels, channels, stride, kernel_size, split, branched, excite, shortcut):
        super().__init__()
        self.shortcut = shortcut and stride == 1 and in_channels == channels
        if branched:
            self.depthwise = BranchedDepthwise(in_channels, kernel_size, stride)
        else:
            self.depthwise = ConvBN(in_channels, in_channels, kernel_size, stride, in_channels, "relu")
        self.excite = SqueezeExcite(in_channels, in_channels // 4, gate="sigmoid") if excite else None
        middle = int(channels * 0.5) if split else in_channels
        self.squeeze = ConvBN(in_channels, middle, activation="relu") if split else None
        pointwise = ConvBN(middle, channels, activation="relu")
        if split:  # another name, as the published checkpoint has one
            self.widen = pointwise
        else:
            self.pointwise = pointwise

    def forward(self, x):
        """(N, in_channels, H, W) to (N, channels, H/stride, W/stride)."""
        y = self.depthwise(x)
        if self.excite is not None:
            y = self.excite(y)
        y = self.pointwise(y) if self.squeeze is None else self.widen(self.squeeze(y))
        return x + y if self.shortcut else y


@BACKBONES.register
class PPLCNetV2(Backbone):
    """PP-LCNet v2, as published in PaddleClas.

    size: "small", "base" or "large". out_strides: growing list out of 2, 4, 8, 16, 32; None for the last map.
    """

    head = {"hidden": 1280, "activation": "relu", "dropout": 0.2}
    official_parts = {
        "stem": "stem.0",
        "depthwise": "dw_conv",
        "excite": "se",
        "squeeze": "pw_conv_1",
        "widen": "pw_conv_2",
        "pointwise": "pw_conv",
        "hidden": "last_conv",
    }

    def __init__(self, size="base", out_strides=None):
        super().__init__()
        scale, depths = SIZES[one_of("size", size, SIZES)]
        rows = [(64, 1, 3, False, False, False, False)]
        self.block_names = ["stem.1"]
        for stage, ((channels, *options), depth) in enumerate(zip(STAGES, depths)):
            rows += [(channels, 1 if index else 2, *options) for index in range(depth)]
            self.block_names += [f"stages.{stage}.{index}" for index in range(depth)]
        widths = [make_divisible(row[0] * scale) for row in rows]
        count = self.plan(widths, [row[1] for row in rows], out_strides)
        stem = make_divisible(32 * scale)
        self.stem = ConvBN(3, stem, 3, 2, activation="relu")
        self.blocks = nn.LayerList(
            DepthwiseSeparable(before, width, *row[1:])
            for before, width, row in zip([stem, *widths], widths[:count], rows)
        )

    def official_name(self, key):
        """The PaddleClas key of our key; there the branches and the fused convolution lie beside each other."""
        key = key.replace("depthwise.branches", "dw_conv_list").replace("depthwise.fused", "dw_conv")
        return super().official_name(key)
