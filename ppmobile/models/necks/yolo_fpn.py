"""YOLOv3's neck: five convolutions a map, whose result goes to the head and, enlarged, to the next finer map."""

import paddle
import paddle.nn.functional as F
from paddle import nn

from .. import NECKS
from ..blocks import ConvBN

ACTIVATION = "leaky_relu"
OFFICIAL = {"bn": "batch_norm"}


def _spatial(in_channels, channels, depthwise):
    """A 3x3 convolution, or its light form: 3x3 depthwise, then 1x1."""
    if not depthwise:
        return ConvBN(in_channels, channels, 3, activation=ACTIVATION)
    return nn.Sequential(
        ConvBN(in_channels, in_channels, 3, groups=in_channels, activation=ACTIVATION),
        ConvBN(in_channels, channels, activation=ACTIVATION),
    )


class _Level(nn.Layer):
    """One map: (N, in_channels, H, W) to (N, 2 * width, H, W) for the head and (N, width / 2, H, W) for the next."""

    def __init__(self, in_channels, width, depthwise, last):
        super().__init__()
        self.convs = nn.Sequential(
            ConvBN(in_channels, width, activation=ACTIVATION),
            _spatial(width, 2 * width, depthwise),
            ConvBN(2 * width, width, activation=ACTIVATION),
            _spatial(width, 2 * width, depthwise),
            ConvBN(2 * width, width, activation=ACTIVATION),
        )
        self.tip = _spatial(width, 2 * width, depthwise)
        self.transition = None if last else ConvBN(width, width // 2, activation=ACTIVATION)

    def forward(self, x):
        x = self.convs(x)
        return self.tip(x), None if self.transition is None else self.transition(x)


@NECKS.register
class YOLOFPN(nn.Layer):
    """The feature pyramid of YOLOv3 (arXiv:1804.02767, section 2.3), from coarse to fine.

    channels: width of the coarsest map's convolutions, halved at each finer one; the head gets twice as many.
    depthwise: the light form, whose 3x3 convolutions are depthwise.
    """

    def __init__(self, in_channels, strides, channels=512, depthwise=False):
        super().__init__()
        widths = [channels >> level for level in range(len(in_channels))]
        if channels < 1 or channels % (1 << len(in_channels)):
            raise ValueError(f"channels {channels} must be a multiple of {1 << len(in_channels)}, for it is halved")
        above = [0, *(width // 2 for width in widths)]
        self.levels = nn.LayerList(
            _Level(coming + extra, width, depthwise, last=index == len(widths) - 1)
            for index, (coming, extra, width) in enumerate(zip(in_channels[::-1], above, widths))
        )
        self.channels = [2 * width for width in widths]
        self.strides = list(strides)[::-1]

    def forward(self, features):
        """Maps from fine to coarse in; as many, of `channels`, from coarse to fine out."""
        tips, above = [], None
        for level, x in zip(self.levels, features[::-1]):
            if above is not None:  # a size, not a factor: only that converts to ONNX
                x = paddle.concat([F.interpolate(above, size=x.shape[2:], mode="nearest"), x], axis=1)
            tip, above = level(x)
            tips.append(tip)
        return tips

    def detection_name(self, key, backbone):
        """The PaddleDetection key of our key without `neck.` in front."""
        _, level, part, *rest = key.split(".")
        rest = [OFFICIAL.get(word, word) for word in rest]
        if part == "transition":
            return ".".join(["neck.yolo_transition", level, *rest])
        if part == "convs":
            number = rest.pop(0)
            part = f"conv_module.{'route' if number == '4' else 'conv' + number}"
        return ".".join(["neck.yolo_block", level, part, *rest])
