"""SSD's extra layers: coarser and coarser maps behind the backbone, for the large objects."""

from paddle import nn

from .. import NECKS
from ..blocks import ConvBN

ACTIVATION = "relu6"
WIDTHS = ((256, 512), (128, 256), (128, 256), (64, 128))


class _Halving(nn.Layer):
    """1x1 convolution to `hidden`, 3x3 of stride 2 to `channels`; (N, in_channels, H, W) to half of H and W."""

    def __init__(self, in_channels, hidden, channels, depthwise):
        super().__init__()
        self.pointwise = ConvBN(in_channels, hidden, activation=ACTIVATION)
        if depthwise:  # SAME: the published maps begin at the first pixel where the side is even
            self.depthwise = ConvBN(hidden, channels, 3, 2, hidden, ACTIVATION, padding="SAME")
            self.normal = ConvBN(channels, channels, activation=ACTIVATION)
        else:
            self.depthwise = None
            self.normal = ConvBN(hidden, channels, 3, 2, activation=ACTIVATION)

    def forward(self, x):
        x = self.pointwise(x)
        return self.normal(x if self.depthwise is None else self.depthwise(x))


@NECKS.register
class SSDExtra(nn.Layer):
    """The backbone's maps, followed by one more for each entry of `widths`, each half as large.

    widths: [hidden, channels] of each extra map. depthwise: its 3x3 convolution is depthwise, as in SSDLite on
    MobileNetV3 (every hidden channel gives channels / hidden); `channels` must be a multiple of `hidden`.
    """

    def __init__(self, in_channels, strides, widths=WIDTHS, depthwise=False):
        super().__init__()
        wrong = [pair for pair in widths if len(pair) != 2 or min(pair) < 1 or (depthwise and pair[1] % pair[0])]
        if wrong or not widths:
            raise ValueError(f"widths must be pairs [hidden, channels], with depthwise channels a multiple of hidden, "
                             f"got {wrong[0] if wrong else widths!r}")
        outs = [channels for _, channels in widths]
        self.blocks = nn.LayerList(
            _Halving(coming, *pair, depthwise) for coming, pair in zip([in_channels[-1], *outs], widths)
        )
        self.channels = [*in_channels, *outs]
        self.strides = [*strides, *(strides[-1] << step for step in range(1, len(widths) + 1))]

    def forward(self, features):
        """List of maps in; the same list with the extra maps behind it out."""
        maps = list(features)
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return maps

    def detection_name(self, key, backbone):
        """The PaddleDetection key of our key without `neck.` in front; there the layers belong to the backbone."""
        _, index, part, *rest = key.split(".")
        return f"backbone.{backbone.extra_name(int(index))}.{part}_conv.{backbone.detection_words(rest)}"
