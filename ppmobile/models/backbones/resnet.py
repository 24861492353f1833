"""The plain ResNet of basic blocks, in PaddleDetection the teacher of the mobile YOLOv3."""

from paddle import nn

from .. import BACKBONES
from ..blocks import Backbone, ConvBN, one_of

WIDTHS = (64, 128, 256, 512)
STAGES = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}  # blocks of each stage
DETECTION_WORDS = {"conv0": "branch2a", "conv1": "branch2b", "bn": "norm"}


class BasicBlock(nn.Layer):
    """relu(two 3x3 convolutions of x + short(x)); short projects by a 1x1 convolution at the start of a stage."""

    def __init__(self, in_channels, width, stride, project):
        super().__init__()
        self.short = ConvBN(in_channels, width, 1, stride) if project else None
        self.conv0 = ConvBN(in_channels, width, 3, stride, activation="relu")
        self.conv1 = ConvBN(width, width, 3)
        self.relu = nn.ReLU()

    def forward(self, x):
        """(N, in_channels, H, W) to (N, width, H/stride, W/stride)."""
        return self.relu(self.conv1(self.conv0(x)) + (x if self.short is None else self.short(x)))


@BACKBONES.register
class ResNet(Backbone):
    """ResNet (arXiv:1512.03385) of basic blocks.

    depth: 18 or 34. out_strides: None for the last map (stride 32), else strides among 4, 8, 16, 32. ValueError for
    any other value.
    """

    def __init__(self, depth=34, out_strides=None):
        super().__init__()
        repeats = STAGES[one_of("depth", depth, STAGES)]
        rows = [(width, 2 if index == 0 and width > WIDTHS[0] else 1, index == 0)
                for width, count in zip(WIDTHS, repeats) for index in range(count)]
        channels = [width for width, _, _ in rows]
        needed = self.plan(channels, [stride for _, stride, _ in rows], out_strides, stem_stride=4)
        self.stem = nn.Sequential(ConvBN(3, 64, 7, 2, activation="relu"), nn.MaxPool2D(3, 2, padding=1))
        self.blocks = nn.LayerList(BasicBlock(before, *row) for before, row in zip([64, *channels], rows[:needed]))
        self.detection_blocks = [f"res{stage}.res{stage}{'abcdef'[index]}"
                                 for stage, count in enumerate(repeats, 2) for index in range(count)]

    def detection_name(self, key):
        """The PaddleDetection key of our key without `backbone.` in front."""
        part, index, *rest = key.split(".")
        first = "conv1.conv1" if part == "stem" else self.detection_blocks[int(index)]
        return f"backbone.{first}.{'.'.join(DETECTION_WORDS.get(word, word) for word in rest)}"
