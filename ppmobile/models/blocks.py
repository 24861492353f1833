"""What the backbones are made of: convolution with batch norm, activations, squeeze-and-excite, and their base."""

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, nn


class ReLU6(nn.Layer):
    """min(max(x, 0), 6). Written as a clip: Paddle Lite aborts on relu6, and a clip trains faster on a CPU."""

    def forward(self, x):
        """Any shape in, the same shape out."""
        return paddle.clip(x, 0.0, 6.0)


class HardSigmoid(nn.Layer):
    """min(max(slope * x + 0.5, 0), 1); the published nets use a slope of 1/6 or of 0.2."""

    def __init__(self, slope):
        super().__init__()
        self.slope = slope

    def forward(self, x):
        """Any shape in, the same shape out."""
        return F.hardsigmoid(x, slope=self.slope, offset=0.5)


ACTIVATIONS = {
    "relu": nn.ReLU,
    "relu6": ReLU6,
    "leaky_relu": lambda: nn.LeakyReLU(0.1),
    "hardswish": nn.Hardswish,
    "silu": nn.Silu,
    "sigmoid": nn.Sigmoid,
    "hardsigmoid": lambda: HardSigmoid(0.1666667),
    "hardsigmoid_0.2": lambda: HardSigmoid(0.2),
}


def make_activation(name):
    """A new activation layer; None for the name None. ValueError lists the names there are."""
    return None if name is None else ACTIVATIONS[one_of("activation", name, ACTIVATIONS)]()


def one_of(option, value, allowed):
    """`value` if it is among `allowed`; ValueError naming the option and all that is allowed otherwise."""
    if value not in allowed:
        raise ValueError(f"{option} {value!r} is not supported, use one of {', '.join(map(str, allowed))}")
    return value


def make_divisible(channels, divisor=8):
    """The multiple of `divisor` nearest to `channels`, never more than 10 % below it (MobileNetV2, 1801.04381)."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


class ConvBN(nn.Layer):
    """Convolution without bias, batch norm, activation: (N, in_channels, H, W) to (N, channels, H/stride, W/stride).

    activation: a name of ACTIVATIONS, or None. padding: what nn.Conv2D takes; None keeps H and W at stride 1.
    """

    def __init__(
        self,
        in_channels,
        channels,
        kernel_size=1,
        stride=1,
        groups=1,
        activation=None,
        padding=None,
        momentum=0.9,
        epsilon=1e-5,
    ):
        super().__init__()
        self.conv = nn.Conv2D(
            in_channels,
            channels,
            kernel_size,
            stride=stride,
            padding=(kernel_size - 1) // 2 if padding is None else padding,
            groups=groups,
            weight_attr=ParamAttr(initializer=nn.initializer.KaimingNormal()),
            bias_attr=False,
        )
        self.bn = nn.BatchNorm2D(channels, momentum=momentum, epsilon=epsilon)
        self.activation = make_activation(activation)

    def forward(self, x):
        """Feature map in, feature map out."""
        x = self.bn(self.conv(x))
        return x if self.activation is None else self.activation(x)


class SqueezeExcite(nn.Layer):
    """Channel attention (arXiv:1709.01507): x * gate(conv2(activation(conv1(mean of x)))), shape unchanged.

    reduced: channels between the two 1x1 convolutions. activation, gate: names of ACTIVATIONS.
    """

    def __init__(self, channels, reduced, activation="relu", gate="hardsigmoid"):
        super().__init__()
        self.conv1 = nn.Conv2D(channels, reduced, 1)
        self.activation = make_activation(activation)
        self.conv2 = nn.Conv2D(reduced, channels, 1)
        self.gate = make_activation(gate)

    def forward(self, x):
        """(N, C, H, W) in and out."""
        squeezed = F.adaptive_avg_pool2d(x, 1)  # on the CPU five times faster than x.mean over two axes
        return x * self.gate(self.conv2(self.activation(self.conv1(squeezed))))


class Backbone(nn.Layer):
    """Base of a net that is a stem, a row of blocks, and perhaps a last 1x1 convolution.

    A subclass calls `plan`, then sets `stem`, `blocks` (as many as plan says, a LayerList) and, if it has one
    and out_strides is None, `last_conv`, in that order, which is that of the published state dicts.
    channels, strides: of each map that forward returns. head: default options of ClassifyHead for this net.
    official_parts: {our name of a sublayer: its name in the PaddleClas checkpoint}, where they differ.
    block_names: the PaddleClas name of each block; None if it is `blocks.<index>`.
    """

    head = {"dropout": 0.0}
    official_parts = {"hidden": "last_conv"}
    block_names = None

    def plan(self, channels, strides, out_strides, stem_stride=2):
        """Decide which maps to return, and return how many blocks are needed for them.

        channels, strides: output channels and stride (1 or 2) of each block. out_strides: total strides of the
        wanted maps, growing; None for the last map alone. Of several blocks of a stride the last one counts.
        ValueError tells which strides there are.
        """
        totals, total = [], stem_stride
        for stride in strides:
            total *= stride
            totals.append(total)
        ends = {total: index for index, total in enumerate(totals)}
        wanted = [total] if out_strides is None else out_strides
        growing = isinstance(wanted, (list, tuple)) and len(wanted) > 0 and list(wanted) == sorted(set(wanted))
        if not growing or any(stride not in ends for stride in wanted):
            raise ValueError(f"out_strides {out_strides!r} is not supported, use a growing list of {list(ends)}")
        self.taps = [ends[stride] for stride in wanted]
        self.strides = list(wanted)
        self.channels = [channels[index] for index in self.taps]
        self.last_conv = None
        return self.taps[-1] + 1

    def forward(self, image):
        """(N, 3, H, W) float32 in; a list of maps (N, channels[i], H/strides[i], W/strides[i]) out."""
        x, maps = self.stem(image), []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.taps:
                maps.append(x)
        return maps if self.last_conv is None else [self.last_conv(x)]

    def official_name(self, key):
        """The PaddleClas key of our key without `backbone.` or `head.` in front."""
        first, *rest = key.split(".")
        if first == "blocks" and self.block_names is not None:
            first = self.block_names[int(rest.pop(0))]
        return ".".join(self.official_parts.get(part, part) for part in (first, *rest))

    def official_names(self):
        """{our key: PaddleClas key} of all tensors, in the order of the published state dict."""
        return {key: self.official_name(key) for key in self.state_dict()}

    def detection_name(self, key):
        """The PaddleDetection key of our key without `backbone.` in front; by default PaddleClas's behind it."""
        return f"backbone.{self.official_name(key)}"

    def detection_words(self, words):
        """The PaddleDetection name of a convolution's tensor within a layer, as in ["conv", "weight"]."""
        return ".".join(words)

    def extra_name(self, index):
        """The PaddleDetection name of the layer number `index` behind the backbone that SSD adds."""
        return f"extra.{index}"

    def fresh_layers(self):
        """Layer paths whose shape differs from the published net on purpose, so that they start fresh."""
        return ()


def fuse(model):
    """Fuse the training-time branches of every layer that has them; do it in evaluation mode before an export."""
    for layer in model.sublayers():
        if hasattr(layer, "fuse") and not layer.is_fused:  # once: the fused layer may have been trained since
            layer.fuse()
