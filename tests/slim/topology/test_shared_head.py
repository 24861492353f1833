"""A head that several maps share: its layers are cut once, and so are all maps that it reads."""

import numpy as np
import paddle.nn.functional as F
from cut_nets import holds, net_of
from paddle import nn

from ppmobile.models.blocks import ConvBN
from ppmobile.models.heads.faster_rcnn import FasterRCNNHead
from ppmobile.models.necks.fpn import FPN


class Maps(nn.Layer):
    """Maps of strides 2 and 4 and of one width, made by different layers."""

    channels, strides = [16, 16], [2, 4]

    def __init__(self):
        super().__init__()
        self.fine, self.coarse = ConvBN(3, 16, 3, 2, activation="relu"), ConvBN(16, 16, 3, 2, activation="relu")

    def forward(self, image):
        """The maps from fine to coarse."""
        fine = self.fine(image)
        return [fine, self.coarse(fine)]


class Shared(nn.Layer):
    """Two convolutions, the same for all maps."""

    def __init__(self):
        super().__init__()
        self.hidden, self.score = ConvBN(16, 24, 3, activation="relu"), nn.Conv2D(24, 3, 1)

    def forward(self, features):
        """A map of 3 channels for each map."""
        return [self.score(self.hidden(x)) for x in features]

    def deployed(self, outputs):
        """The same."""
        return list(outputs)


def test_maps_that_one_layer_reads_are_one_group():
    coupling = holds(net_of(Maps(), Shared()))
    assert [(group.name, group.width, len(group.producers)) for group in coupling.groups] == [
        ("backbone.fine.conv", 16, 2), ("head.hidden.conv", 24, 1)]


def test_regions_and_their_linear_layers():
    head = FasterRCNNHead([16] * 3, [2, 4, 8], 2, width=24, before=8, after=6)
    coupling = holds(net_of(Maps(), head, FPN([16, 16], [2, 4], 16)), (32, 32))
    groups = {group.name: group for group in coupling.groups}
    assert {"head.rpn.conv", "head.roi.fc1", "head.roi.fc2"} <= set(groups)
    pooled = groups["neck.levels.0.output"]  # RoIAlign gives 7 x 7 numbers for each channel, side by side
    assert pooled.producers == ["neck.levels.0.output", "neck.levels.1.output"]
    assert (coupling.inputs["head.roi.fc1"] == np.repeat(coupling.outputs["neck.levels.0.output"], 49)).all()
    assert set(coupling.fixed) >= {"head.rpn.score", "head.rpn.delta", "head.roi.score", "head.roi.delta"}


def test_flatten_repeats_each_channel():
    class Flat(nn.Layer):
        """A linear layer on a flattened map of 4 x 4 cells."""

        def __init__(self):
            super().__init__()
            self.stem, self.fc, self.last = ConvBN(3, 16, 3, 4), nn.Linear(256, 24), nn.Linear(24, 3)

        def forward(self, image):
            """A list of (N, 3)."""
            return [self.last(F.relu(self.fc(self.stem(image).flatten(1))))]

    coupling = holds(net_of(Flat()))
    assert [(group.name, group.width) for group in coupling.groups] == [("backbone.stem.conv", 16),
                                                                        ("backbone.fc", 24)]
