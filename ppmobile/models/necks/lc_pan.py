"""PicoDet's neck: coarse maps inform fine ones, then fine ones coarse ones, by depthwise convolutions alone."""

import paddle
import paddle.nn.functional as F
from paddle import nn

from .. import NECKS
from ..backbones.pplcnet import DepthwiseSeparable
from ..blocks import ConvBN

ACTIVATION = "hardswish"
BLOCK = {"depthwise": "dw_conv", "pointwise": "pw_conv"}
HALVING = {"depthwise.conv": "dwconv", "depthwise.bn": "bn1", "pointwise.conv": "pwconv", "pointwise.bn": "bn2"}
OFFICIAL = {"reduce": "conv_t.convs", "top_from_backbone": "first_top_conv", "top_from_below": "second_top_conv",
            "down": "top_down_blocks", "halve": "downsamples", "up": "bottom_up_blocks"}


@NECKS.register
class LCPAN(nn.Layer):
    """The path aggregation network of PicoDet (arXiv:2111.00902, section 3.3) in its later form, of PP-LCNet's blocks.

    All maps get `channels`; then a map twice as coarse as the last one is added. kernel_size: of the depthwise
    convolutions.
    """

    def __init__(self, in_channels, strides, channels=96, kernel_size=5):
        super().__init__()
        if channels < 1 or kernel_size < 1 or kernel_size % 2 == 0:
            raise ValueError(f"channels {channels} must be at least 1 and kernel_size {kernel_size} odd and positive")
        steps = range(len(in_channels) - 1)
        self.reduce = nn.LayerList(ConvBN(width, channels, activation=ACTIVATION) for width in in_channels)
        self.top_from_backbone, self.top_from_below = (_halving(channels, kernel_size) for _ in range(2))
        self.down = nn.LayerList(_merge(channels, kernel_size) for _ in steps)
        self.halve = nn.LayerList(_halving(channels, kernel_size) for _ in steps)
        self.up = nn.LayerList(_merge(channels, kernel_size) for _ in steps)
        self.channels = [channels] * (len(in_channels) + 1)
        self.strides = [*strides, 2 * strides[-1]]

    def forward(self, features):
        """Maps from fine to coarse in; as many and one coarser, all of `channels`, from fine to coarse out."""
        reduced = [layer(x) for layer, x in zip(self.reduce, features)]
        informed = [reduced[-1]]
        for layer, x in zip(self.down, reduced[-2::-1]):  # a size, not a factor: only that converts to ONNX
            above = F.interpolate(informed[0], size=x.shape[2:], mode="nearest")
            informed.insert(0, layer(paddle.concat([above, x], axis=1)))
        maps = informed[:1]
        for halve, layer, x in zip(self.halve, self.up, informed[1:]):
            maps.append(layer(paddle.concat([halve(maps[-1]), x], axis=1)))
        return [*maps, self.top_from_backbone(reduced[-1]) + self.top_from_below(maps[-1])]

    def detection_name(self, key, backbone):
        """The PaddleDetection key of our key without `neck.` in front."""
        part, *rest = key.split(".")
        if part in ("down", "up"):
            rest = [BLOCK.get(word, word) for word in rest]
        elif part != "reduce":
            *number, half, layer, kind = rest
            rest = [*number, HALVING[f"{half}.{layer}"], kind]
        return ".".join(["neck", OFFICIAL[part], *rest])


def _halving(channels, kernel_size):
    """(N, channels, H, W) to half of H and W."""
    return DepthwiseSeparable(channels, channels, kernel_size, 2, excite=False)


def _merge(channels, kernel_size):
    """Two maps put together, (N, 2 * channels, H, W), to (N, channels, H, W)."""
    return nn.Sequential(DepthwiseSeparable(2 * channels, 2 * channels, kernel_size, 1, excite=False),
                         DepthwiseSeparable(2 * channels, channels, kernel_size, 1, excite=False))
