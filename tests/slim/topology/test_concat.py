"""Concatenation: a layer behind it reads the channels of several others, each at its own place."""

import numpy as np
import paddle
from cut_nets import holds, net_of
from paddle import nn

from ppmobile.models.blocks import ConvBN
from ppmobile.models.structure import width_of


class Concat(nn.Layer):
    """Three maps joined, a depthwise convolution over all of them, then one that gives the output."""

    def __init__(self, added=False):
        super().__init__()
        self.stem = ConvBN(3, 8, 3, activation="relu")
        self.left, self.right = ConvBN(8, 16, 1, activation="relu"), ConvBN(8, 24, 3, activation="relu")
        self.depthwise = ConvBN(48, 48, 3, 1, 48)
        self.whole = ConvBN(8, 48, 1) if added else None
        self.last = nn.Conv2D(48, 4, 1)

    def forward(self, image):
        """A list of one map of 4 channels."""
        x = self.stem(image)
        y = self.depthwise(paddle.concat([self.left(x), x, self.right(x)], axis=1))
        return [self.last(y if self.whole is None else y + self.whole(x))]


def test_each_part_is_a_group_and_keeps_its_place():
    model = net_of(Concat())
    coupling = holds(model)
    atoms = {group.name: group.atoms for group in coupling.groups}
    assert {name: len(own) for name, own in atoms.items()} == {
        "backbone.stem.conv": 8, "backbone.left.conv": 16, "backbone.right.conv": 24}
    joined = np.concatenate([atoms[f"backbone.{name}.conv"] for name in ("left", "stem", "right")])
    assert (coupling.inputs["backbone.last"] == joined).all()
    assert width_of(model.backbone.depthwise.conv) == [24, 24]  # half of each


def test_a_sum_with_joined_maps_has_a_group_for_each_part():
    coupling = holds(net_of(Concat(added=True)))
    groups = [(group.name, group.width, len(group.producers)) for group in coupling.groups]
    whole = {name: width for name, width, count in groups if count == 2}
    assert sorted(whole.values()) == [8, 16, 24] and len(whole) == 3 == len(groups)
