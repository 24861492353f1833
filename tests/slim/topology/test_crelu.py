"""CReLU (arXiv:1603.05201): x and -x side by side are the same channels twice, and go together."""

import numpy as np
import paddle
import paddle.nn.functional as F
from cut_nets import holds, net_of
from paddle import nn

from ppmobile.models.blocks import ConvBN
from ppmobile.models.structure import width_of


class CReLU(nn.Layer):
    """A convolution of half the width, CReLU, and a convolution that gives the output."""

    def __init__(self):
        super().__init__()
        self.stem, self.middle = ConvBN(3, 16, 3), ConvBN(32, 8, 3)
        self.last = nn.Conv2D(16, 4, 1)

    def forward(self, image):
        """A list of one map of 4 channels."""
        x = self.stem(image)
        x = self.middle(F.relu(paddle.concat([x, -x], axis=1)))
        return [self.last(F.relu(paddle.concat([x, x * -1.0], axis=1)))]


def test_both_halves_go_together():
    model = net_of(CReLU())
    coupling = holds(model)
    assert [group.width for group in coupling.groups] == [16, 8]
    first, second = np.split(coupling.inputs["backbone.middle.conv"], 2)
    assert (first == second).all() and (first == coupling.groups[0].atoms).all()
    assert width_of(model.backbone.middle.conv) == [16, 4]
