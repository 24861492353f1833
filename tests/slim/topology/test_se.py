"""Squeeze-and-excitation: the gate gives one number for each channel it weighs, and goes with it."""

from cut_nets import classifier, holds, net_of
from paddle import nn

from ppmobile.models.backbones import EfficientNetB0, MobileNetV3
from ppmobile.models.blocks import ConvBN, SqueezeExcite


class Excited(nn.Layer):
    """A convolution, its gate, and a convolution that gives the output."""

    def __init__(self):
        super().__init__()
        self.stem, self.excite = ConvBN(3, 16, 3, activation="hardswish"), SqueezeExcite(16, 8)
        self.last = nn.Conv2D(16, 4, 1)

    def forward(self, image):
        """A list of one map of 4 channels."""
        return [self.last(self.excite(self.stem(image)))]


def test_the_gate_is_no_group_of_its_own():
    coupling = holds(net_of(Excited()))
    stem, squeezed = coupling.groups
    assert (stem.name, stem.width, stem.gates) == ("backbone.stem.conv", 16, ["backbone.excite.conv2"])
    assert (squeezed.name, squeezed.width, squeezed.gates) == ("backbone.excite.conv1", 8, [])


def test_gates_of_mobilenet_v3():
    coupling = holds(classifier(MobileNetV3(scale=0.35, out_strides=[16])), (32, 32))
    gates = {gate for group in coupling.groups for gate in group.gates}
    assert gates == {path for path in coupling.outputs if path.endswith("excite.conv2")}


def test_efficientnet():
    holds(classifier(EfficientNetB0(out_strides=[8])), (32, 32))
