"""Depthwise convolutions: their channels follow those that come in, also where each gives several."""

import numpy as np
from cut_nets import classifier, holds, net_of
from paddle import nn

from ppmobile.models.backbones import MobileNetV2, PPLCNetV2
from ppmobile.models.blocks import ConvBN
from ppmobile.models.structure import width_of


class Multiplied(nn.Layer):
    """A depthwise convolution that gives three channels for each that comes in."""

    def __init__(self):
        super().__init__()
        self.stem = ConvBN(3, 8, 3, activation="relu")
        self.depthwise = ConvBN(8, 24, 3, 2, 8, "relu")
        self.last = nn.Conv2D(24, 4, 1)

    def forward(self, image):
        """A list of one map of 4 channels."""
        return [self.last(self.depthwise(self.stem(image)))]


def test_three_channels_for_each():
    model = net_of(Multiplied())
    coupling = holds(model)
    assert [(group.name, group.width) for group in coupling.groups] == [("backbone.stem.conv", 8)]
    assert (coupling.outputs["backbone.depthwise.conv"] == np.repeat(coupling.groups[0].atoms, 3)).all()
    depthwise = model.backbone.depthwise.conv  # half of the channels are cut
    assert width_of(depthwise) == [4, 12] and depthwise._groups == 4


def test_inverted_residuals():
    model = classifier(MobileNetV2(0.25, out_strides=[4]))
    coupling = holds(model)
    assert coupling.depthwise == {f"backbone.blocks.{i}.depthwise.conv" for i in range(3)}
    for index in range(3):
        atoms = coupling.outputs[f"backbone.blocks.{index}.expand.conv"]
        for kind in ("inputs", "outputs"):
            assert (getattr(coupling, kind)[f"backbone.blocks.{index}.depthwise.conv"] == atoms).all()


def test_branches_and_what_they_are_fused_to():
    model = classifier(PPLCNetV2("small", out_strides=[16]))
    coupling = holds(model, (32, 32))
    branched = [path for path in coupling.outputs if ".fused" in path]
    assert branched
    for path in branched:  # the fused convolution is in the state dict, though the trained net does not run it
        first = path.replace("fused", "branches.0.conv")
        assert (coupling.outputs[path] == coupling.outputs[first]).all()
