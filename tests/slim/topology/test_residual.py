"""Residual paths: what is added has the same channels, however many blocks add to it."""

import paddle.nn.functional as F
from cut_nets import classifier, holds, net_of
from paddle import nn

from ppmobile.models.backbones import ResNetVd
from ppmobile.models.blocks import ConvBN


class Residual(nn.Layer):
    """Two blocks that add to one path, which a projection begins; then a convolution that gives the output."""

    def __init__(self):
        super().__init__()
        self.stem = ConvBN(3, 8, 3, activation="relu")
        self.inner, self.outer = ConvBN(8, 16, 3, activation="relu"), ConvBN(16, 24, 1)
        self.project = ConvBN(8, 24, 1)
        self.again = ConvBN(24, 24, 3)
        self.last = nn.Conv2D(24, 5, 1)

    def forward(self, image):
        """A list of one map of 5 channels."""
        x = self.stem(image)
        x = F.relu(self.outer(self.inner(x)) + self.project(x))
        return [self.last(x + self.again(x))]


def test_all_that_is_added_is_one_group():
    coupling = holds(net_of(Residual()))
    groups = {group.name: (group.width, group.producers) for group in coupling.groups}
    path = [f"backbone.{name}.conv" for name in ("outer", "project", "again")]
    assert groups == {"backbone.stem.conv": (8, ["backbone.stem.conv"]),
                      "backbone.inner.conv": (16, ["backbone.inner.conv"]), path[0]: (24, path)}
    assert coupling.fixed == {"backbone.last": "its channels are an output of the net"}
    own = next(group for group in coupling.groups if group.name == path[0])
    assert own.norms == [name.replace(".conv", ".bn") for name in path]


def test_resnet_vd_with_a_classifier():
    coupling = holds(classifier(ResNetVd(18, out_strides=[4])))
    stage = next(group for group in coupling.groups if len(group.producers) == 3)
    assert sorted(stage.producers) == [f"backbone.blocks.{name}.conv" for name in ("0.conv1", "0.short", "1.conv1")]
