"""MobileNetV1, the first net of depthwise separable convolutions: no shortcut, plain ReLU, easy to speed up."""

from paddle import nn

from .. import BACKBONES
from ..blocks import Backbone, ConvBN, one_of

SCALES = (0.25, 0.5, 0.75, 1.0)

# output channels at scale 1, stride
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)) + ((512, 1),) * 5 + ((1024, 2), (1024, 1))


class DepthwiseSeparable(nn.Layer):
    """3x3 depthwise convolution, then 1x1 convolution; ReLU after both."""

    def __init__(self, in_channels, channels, stride):
        super().__init__()
        self.depthwise = ConvBN(in_channels, in_channels, 3, stride, in_channels, "relu")
        self.pointwise = ConvBN(in_channels, channels, activation="relu")

    def forward(self, x):
        """(N, in_channels, H, W) to (N, channels, H/stride, W/stride)."""
        return self.pointwise(self.depthwise(x))


DETECTION_BLOCKS = ("conv2_1", "conv2_2", "conv3_1", "conv3_2", "conv4_1", "conv4_2", "conv5_1", "conv5_2", "conv5_3",
                    "conv5_4", "conv5_5", "conv5_6", "conv6")
DETECTION_WORDS = {"depthwise": "_depthwise_conv", "pointwise": "_pointwise_conv", "conv": "_conv",
                   "bn": "_batch_norm"}


@BACKBONES.register
class MobileNetV1(Backbone):
    """MobileNetV1 (arXiv:1704.04861).

    scale: width, one of 0.25, 0.5, 0.75, 1.0. out_strides: growing list out of 2, 4, 8, 16, 32; None for the last
    map. early_taps: take the maps before the last stride from the first block of their stride, not the last one, as
    the published YOLOv3 does.
    """

    official_parts = {"stem": "conv", "depthwise": "depthwise_conv", "pointwise": "pointwise_conv"}

    def __init__(self, scale=1.0, out_strides=None, early_taps=False):
        super().__init__()
        one_of("scale", scale, SCALES)
        widths = [int(channels * scale) for channels, _ in BLOCKS]
        strides = [stride for _, stride in BLOCKS]
        count = self.plan(widths, strides, out_strides)
        if early_taps:
            self.taps[:-1] = [max(i for i in range(tap + 1) if i == 0 or strides[i] == 2) for tap in self.taps[:-1]]
            self.channels = [widths[tap] for tap in self.taps]
        stem = int(32 * scale)
        self.stem = ConvBN(3, stem, 3, 2, activation="relu")
        self.blocks = nn.LayerList(DepthwiseSeparable(*row) for row in zip([stem, *widths], widths[:count], strides))

    def detection_name(self, key):
        """The PaddleDetection key of our key without `backbone.` in front."""
        first, *rest = key.split(".")
        name = "conv1" if first == "stem" else DETECTION_BLOCKS[int(rest.pop(0))]
        return f"backbone.{name}.{self.detection_words(rest)}"

    def detection_words(self, words):
        """The PaddleDetection name of a convolution's tensor within a layer, as in ["conv", "weight"]."""
        return ".".join(DETECTION_WORDS.get(word, word) for word in words)

    def extra_name(self, index):
        """The PaddleDetection name of the layer number `index` behind the backbone that SSD adds."""
        return f"conv7_{index + 1}"
