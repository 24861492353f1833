"""Several heads on one map: each is cut for itself, and the map once for all."""

from cut_nets import holds, net_of
from paddle import nn

from ppmobile.models.backbones import MobileNetV3
from ppmobile.models.blocks import ConvBN
from ppmobile.models.heads.ssd import SSDHead
from ppmobile.models.necks.ssd_extra import SSDExtra


class Heads(nn.Layer):
    """Two branches on a map, one of convolutions, one of linear layers on its mean."""

    def __init__(self):
        super().__init__()
        self.places = nn.Sequential(ConvBN(16, 8, 3, activation="relu"), nn.Conv2D(8, 2, 1))
        self.kinds = nn.Sequential(nn.Linear(16, 24), nn.ReLU(), nn.Linear(24, 3))

    def forward(self, features):
        """A map of 2 channels and logits (N, 3)."""
        return [self.places(features[0]), self.kinds(features[0].mean(axis=[2, 3]))]

    def deployed(self, outputs):
        """The same."""
        return list(outputs)


class Stem(nn.Layer):
    """One map of 16 channels."""

    def __init__(self):
        super().__init__()
        self.stem = ConvBN(3, 16, 3, 2, activation="hardswish")

    def forward(self, image):
        """A list of one map."""
        return [self.stem(image)]


def test_two_branches():
    coupling = holds(net_of(Stem(), Heads()))
    assert {group.name: group.width for group in coupling.groups} == {
        "backbone.stem.conv": 16, "head.places.0.conv": 8, "head.kinds.0": 24}
    assert set(coupling.fixed) == {"head.places.1", "head.kinds.2"}


def test_ssdlite_reads_an_expansion_from_outside_of_its_block():
    backbone = MobileNetV3(scale=0.35, ssdlite=True)
    neck = SSDExtra(backbone.channels, backbone.strides, [[16, 32]], depthwise=True)
    sizes = {"min_sizes": [0.1, 0.2, 0.4], "max_sizes": [0.2, 0.4, 0.6], "aspect_ratios": [[2]] * 3}
    coupling = holds(net_of(backbone, SSDHead(neck.channels, neck.strides, 2, **sizes), neck), (64, 64))
    assert "neck.blocks.0.pointwise.conv" in {group.name for group in coupling.groups}
