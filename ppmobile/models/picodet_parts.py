"""The layers that each map of PicoDet's head has for itself."""

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, nn

from .blocks import ConvBN

ACTIVATION = "hardswish"


def tower(channels, count):
    """`count` pairs of a 5x5 depthwise and a 1x1 convolution: (N, channels, H, W) in and out."""
    pair = ({"kernel_size": 5, "groups": channels}, {"kernel_size": 1})
    return nn.Sequential(*(ConvBN(channels, channels, activation=ACTIVATION, **kind) for kind in pair * count))


def output(channels, values, bias=0.0):
    """The last convolution, (N, channels, H, W) to (N, values, H, W), which starts near `bias` everywhere."""
    return nn.Conv2D(channels, values, 1, weight_attr=_normal(0.01),
                     bias_attr=ParamAttr(initializer=nn.initializer.Constant(bias)))


class Excite(nn.Layer):
    """Channel attention of a single layer, then a 1x1 convolution: (N, channels, H, W) in and out."""

    def __init__(self, channels):
        super().__init__()
        self.fc = nn.Conv2D(channels, channels, 1, weight_attr=_normal(0.001))
        self.conv = ConvBN(channels, channels, activation=ACTIVATION)

    def forward(self, x):
        """Feature map in, feature map out."""
        return self.conv(x * F.sigmoid(self.fc(F.adaptive_avg_pool2d(x, 1))))


class Quality(nn.Layer):
    """(N, channels, H, W) to (N, 1, H, W) logits of how well a place sees any object."""

    def __init__(self, channels):
        super().__init__()
        self.depthwise = ConvBN(channels, 1, 5, activation=ACTIVATION)
        self.pointwise = ConvBN(1, 1)

    def forward(self, x):
        """Feature map in, map of logits out."""
        return self.pointwise(self.depthwise(x))


class Held(nn.Layer):
    """Fixed float32 numbers that the state dict holds."""

    def __init__(self, values):
        super().__init__()
        self.register_buffer("value", paddle.to_tensor(np.float32(values)))


def _normal(deviation):
    return ParamAttr(initializer=nn.initializer.Normal(0.0, deviation))
