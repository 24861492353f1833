"""MobileNetV3, the searched nets for phones: inverted residuals with squeeze-and-excite and hard-swish."""

from paddle import nn

from .. import BACKBONES
from ..blocks import Backbone, ConvBN, SqueezeExcite, make_divisible, one_of

SCALES = (0.35, 0.5, 0.75, 1.0, 1.25)

# kernel size, hidden channels, output channels, squeeze-and-excite, activation, stride; channels at scale 1
BLOCKS = {
    "large": (
        (3, 16, 16, False, "relu", 1),
        (3, 64, 24, False, "relu", 2),
        (3, 72, 24, False, "relu", 1),
        (5, 72, 40, True, "relu", 2),
        (5, 120, 40, True, "relu", 1),
        (5, 120, 40, True, "relu", 1),
        (3, 240, 80, False, "hardswish", 2),
        (3, 200, 80, False, "hardswish", 1),
        (3, 184, 80, False, "hardswish", 1),
        (3, 184, 80, False, "hardswish", 1),
        (3, 480, 112, True, "hardswish", 1),
        (3, 672, 112, True, "hardswish", 1),
        (5, 672, 160, True, "hardswish", 2),
        (5, 960, 160, True, "hardswish", 1),
        (5, 960, 160, True, "hardswish", 1),
    ),
    "small": (
        (3, 16, 16, True, "relu", 2),
        (3, 72, 24, False, "relu", 2),
        (3, 88, 24, False, "relu", 1),
        (5, 96, 40, True, "hardswish", 2),
        (5, 240, 40, True, "hardswish", 1),
        (5, 240, 40, True, "hardswish", 1),
        (5, 120, 48, True, "hardswish", 1),
        (5, 144, 48, True, "hardswish", 1),
        (5, 288, 96, True, "hardswish", 2),
        (5, 576, 96, True, "hardswish", 1),
        (5, 576, 96, True, "hardswish", 1),
    ),
}
LAST_CHANNELS = {"large": 960, "small": 576}
STRIDE_32 = 3  # blocks at the end that have this stride, in both sizes


class InvertedResidual(nn.Layer):
    """1x1 expansion, depthwise convolution, optional squeeze-and-excite, linear 1x1 projection, shortcut."""

    def __init__(self, in_channels, hidden, channels, kernel_size, excite, activation, stride):
        super().__init__()
        self.shortcut = stride == 1 and in_channels == channels
        self.expand = ConvBN(in_channels, hidden, activation=activation)
        self.depthwise = ConvBN(hidden, hidden, kernel_size, stride, hidden, activation)
        # the published weights were trained with this steeper gate
        self.excite = SqueezeExcite(hidden, hidden // 4, gate="hardsigmoid_0.2") if excite else None
        self.project = ConvBN(hidden, channels)

    def forward(self, x, with_expansion=False):
        """(N, in_channels, H, W) to (N, channels, H/stride, W/stride).

        with_expansion: to a pair, the expanded map (N, hidden, H, W) first.
        """
        expanded = self.expand(x)
        y = self.depthwise(expanded)
        y = self.project(y if self.excite is None else self.excite(y))
        y = x + y if self.shortcut else y
        return (expanded, y) if with_expansion else y


@BACKBONES.register
class MobileNetV3(Backbone):
    """MobileNetV3 (arXiv:1905.02244).

    size: "small" or "large". scale: width, one of 0.35, 0.5, 0.75, 1.0, 1.25. out_strides: growing list out of 4,
    8, 16, 32, and 2 for "large"; None for the map of 576 or 960 channels (times scale) that the classifier pools.
    ssdlite: the two maps of section 6.3 instead, at 16 the expansion in the first block of stride 32, and at 32 the
    map that the classifier pools; the blocks of stride 32 have half the channels.
    """

    head = {"hidden": 1280, "activation": "hardswish", "dropout": 0.2}
    official_parts = {
        "stem": "conv",
        "expand": "expand_conv",
        "depthwise": "bottleneck_conv",
        "excite": "mid_se",
        "project": "linear_conv",
        "last_conv": "last_second_conv",
        "hidden": "last_conv",
    }

    def __init__(self, size="small", scale=1.0, out_strides=None, ssdlite=False):
        super().__init__()
        one_of("size", size, BLOCKS)
        one_of("scale", scale, SCALES)
        if ssdlite and out_strides is not None:
            raise ValueError("out_strides is not for ssdlite, whose maps have the strides 16 and 32; remove one")
        rows = _half_end(BLOCKS[size]) if ssdlite else BLOCKS[size]
        widths = [make_divisible(row[2] * scale) for row in rows]
        count = self.plan(widths, [row[-1] for row in rows], out_strides)
        stem = make_divisible(16 * scale)
        self.stem = ConvBN(3, stem, 3, 2, activation="hardswish")
        self.blocks = nn.LayerList(
            InvertedResidual(before, make_divisible(hidden * scale), width, kernel_size, excite, activation, stride)
            for before, width, (kernel_size, hidden, _, excite, activation, stride) in zip(
                [stem, *widths], widths[:count], rows
            )
        )
        self.split = len(rows) - STRIDE_32 if ssdlite else None
        if out_strides is None:
            last = LAST_CHANNELS[size] // 2 if ssdlite else LAST_CHANNELS[size]
            self.channels = [make_divisible(last * scale)]
            self.last_conv = ConvBN(widths[-1], self.channels[0], activation="hardswish")
        if ssdlite:
            self.channels.insert(0, make_divisible(rows[self.split][1] * scale))
            self.strides = [16, 32]

    def forward(self, image):
        """(N, 3, H, W) float32 in; a list of maps (N, channels[i], H/strides[i], W/strides[i]) out."""
        if self.split is None:
            return super().forward(image)
        x, expanded = self.stem(image), None
        for index, block in enumerate(self.blocks):
            if index == self.split:
                expanded, x = block(x, with_expansion=True)
            else:
                x = block(x)
        return [expanded, self.last_conv(x)]

    def detection_name(self, key):
        """The PaddleDetection key of our key without `backbone.` in front: layers are counted through."""
        first, *rest = key.split(".")
        number = {"stem": 1, "last_conv": len(self.blocks) + 2}.get(first) or int(rest.pop(0)) + 2
        return f"backbone.conv{number}." + ".".join(self.official_parts.get(part, part) for part in rest)

    def extra_name(self, index):
        """The PaddleDetection name of the layer number `index` behind the backbone that SSD adds."""
        return f"conv{len(self.blocks) + 3 + index}"

    def fresh_layers(self):
        """Layer paths whose shape differs from the published net on purpose, so that they start fresh."""
        if self.split is None:
            return ()
        halved = [f"blocks.{index}" for index in range(self.split + 1, len(self.blocks))]
        return (f"blocks.{self.split}.project", *halved, "last_conv")


def _half_end(rows):
    """BLOCKS rows whose blocks of stride 32 have half the channels; the first one's expansion stays."""
    first, *rest = rows[-STRIDE_32:]
    halved = [first[:2] + (first[2] // 2,) + first[3:]]
    halved += [(row[0], row[1] // 2, row[2] // 2) + row[3:] for row in rest]
    return (*rows[:-STRIDE_32], *halved)
