"""The feature pyramid of two-stage detectors: coarse maps add what they know to the finer ones, at one width."""

import paddle.nn.functional as F
from paddle import ParamAttr, nn

from .. import NECKS
from ..blocks import one_of

EXTRA = ("conv", "pool")


def _conv(in_channels, channels, kernel_size, stride=1):
    """A convolution with bias, initialised for the variance to stay the same where a kernel fits."""
    fan = in_channels if kernel_size == 1 else channels * kernel_size**2
    weight = ParamAttr(initializer=nn.initializer.XavierUniform(fan_out=fan))
    return nn.Conv2D(in_channels, channels, kernel_size, stride, (kernel_size - 1) // 2, weight_attr=weight)


class _Level(nn.Layer):
    """The two convolutions of one map: `lateral` brings it to the common width, `output` smooths the sum."""

    def __init__(self, in_channels, channels):
        super().__init__()
        self.lateral = _conv(in_channels, channels, 1)
        self.output = _conv(channels, channels, 3)


@NECKS.register
class FPN(nn.Layer):
    """Feature pyramid (arXiv:1612.03144): each map plus the enlarged coarser one, all of `channels`, fine to coarse.

    extra: how many coarser maps follow, each half as large. extra_by: how they are made from the last one, by a 3x3
    convolution of stride 2 (conv; a ReLU stands between two of them, arXiv:1708.02002, section 4) or by taking every
    second cell (pool, as in the first paper).
    """

    def __init__(self, in_channels, strides, channels=256, extra=1, extra_by="pool"):
        super().__init__()
        if channels < 1 or extra < 0:
            raise ValueError(f"channels must be at least 1 and extra at least 0, got {channels} and {extra}")
        one_of("extra_by", extra_by, EXTRA)
        self.levels = nn.LayerList(_Level(coming, channels) for coming in in_channels)
        self.extra = nn.LayerList(_conv(channels, channels, 3, 2) if extra_by == "conv" else nn.MaxPool2D(1, 2)
                                  for _ in range(extra))
        self.between = nn.ReLU() if extra_by == "conv" else nn.Identity()
        self.channels = [channels] * (len(in_channels) + extra)
        self.strides = [*strides, *(strides[-1] << step for step in range(1, extra + 1))]

    def forward(self, features):
        """List of maps from fine to coarse in; a list of maps (N, channels, H, W) from fine to coarse out."""
        sums = [level.lateral(x) for level, x in zip(self.levels, features)]
        for index in range(len(sums) - 2, -1, -1):  # a size, not a factor: only that converts to ONNX
            above = F.interpolate(sums[index + 1], size=sums[index].shape[2:], mode="nearest")
            sums[index] = sums[index] + above
        maps = [level.output(x) for level, x in zip(self.levels, sums)]
        for step, layer in enumerate(self.extra):
            maps.append(layer(self.between(maps[-1]) if step else maps[-1]))
        return maps

    def detection_name(self, key, backbone):
        """The PaddleDetection key of our key without `neck.` in front; its names count the stages of a ResNet."""
        part, index, *rest = key.split(".")
        if part == "extra":
            return ".".join([f"neck.fpn_{int(index) + 6}", *rest])
        kind, *rest = rest
        stage = 6 - len(self.levels) + int(index)
        inner, last = kind == "lateral", stage == 5
        name = f"fpn_inner_res{stage}_sum{'' if last else '_lateral'}" if inner else f"fpn_res{stage}_sum"
        return ".".join(["neck", name, *rest])
