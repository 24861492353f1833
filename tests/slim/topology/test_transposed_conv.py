"""Transposed convolutions, whose weights have the inputs first; plain, depthwise, and in other groups."""

import pytest
from cut_nets import holds, net_of
from paddle import nn

from ppmobile.models.blocks import ConvBN
from ppmobile.models.structure import width_of
from ppmobile.slim.coupling import couple


class Decoder(nn.Layer):
    """A stem of stride 2, a transposed convolution of stride 2 with a bias, and one that gives the output."""

    def __init__(self, groups=1):
        super().__init__()
        self.stem = ConvBN(3, 16, 3, 2, activation="relu")
        self.up = nn.Conv2DTranspose(16, 16 if groups > 1 else 8, 4, 2, 1, groups=groups)
        self.bn = nn.BatchNorm2D(16 if groups > 1 else 8)
        self.last = nn.Conv2DTranspose(16 if groups > 1 else 8, 4, 2, 2)

    def forward(self, image):
        """A list of one map of 4 channels."""
        return [self.last(self.bn(self.up(self.stem(image))))]


def test_plain():
    model = net_of(Decoder())
    coupling = holds(model)
    assert [(group.name, group.width, group.norms) for group in coupling.groups] == [
        ("backbone.stem.conv", 16, ["backbone.stem.bn"]), ("backbone.up", 8, ["backbone.bn"])]
    assert width_of(model.backbone.up) == [8, 4]
    assert coupling.fixed == {"backbone.last": "its channels are an output of the net"}


def test_depthwise():
    model = net_of(Decoder(groups=16))
    assert [group.name for group in holds(model).groups] == ["backbone.stem.conv"]
    assert width_of(model.backbone.up) == [8, 8] and model.backbone.up._groups == 8


def test_other_groups_are_not_cut_and_named():
    coupling = couple(net_of(Decoder(groups=4)), (16, 16))
    assert coupling.groups == []
    assert "backbone.up, a convolution in 4 groups" in coupling.fixed["backbone.stem.conv"]


@pytest.mark.parametrize("groups", [1, 16])
def test_cut_weights_keep_inputs_first(groups):
    model = net_of(Decoder(groups))
    holds(model)
    assert model.backbone.up.weight.shape[:2] == ([8, 4] if groups == 1 else [8, 1])
