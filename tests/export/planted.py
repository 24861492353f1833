"""A tiny backbone with one operator planted in its middle, for tests on what a target cannot do."""

import paddle
import paddle.nn.functional as F
from paddle import nn

from ppmobile.models import BACKBONES

OPERATORS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "shuffle": lambda x: F.channel_shuffle(x, 2),
    "flatten": lambda x: x.flatten(2).reshape([0, 8, 8, 8]),
    "erfinv": lambda x: paddle.erfinv(paddle.tanh(x)),
    "gather": lambda x: paddle.gather(x, paddle.to_tensor([7, 6, 5, 4, 3, 2, 1, 0]), axis=1),
    "square": lambda x: paddle.pow(x, 2.0),
}


class _Mixer(nn.Layer):
    def __init__(self, operator):
        super().__init__()
        self.operator = OPERATORS[operator]

    def forward(self, x):
        return self.operator(x)


class Planted(nn.Layer):
    """Two convolutions with `mixer` between them; 16 px become 8x8 maps of 8 channels."""

    channels, strides, head = [8], [2], {}

    def __init__(self, operator="relu"):
        super().__init__()
        self.stem = nn.Conv2D(3, 8, 3, stride=2, padding=1)
        self.mixer = _Mixer(operator)
        self.last = nn.Conv2D(8, 8, 3, padding=1)

    def forward(self, image):
        """The one map, as a list."""
        return [self.last(self.mixer(self.stem(image)))]


def register():
    """Make the name Planted known to configs."""
    BACKBONES.names()
    BACKBONES.register(Planted)


def remove():
    """Forget it again."""
    BACKBONES._members.pop("Planted", None)
