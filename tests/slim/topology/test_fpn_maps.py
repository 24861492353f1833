"""Feature pyramids: maps enlarged and added or joined, one width through all levels."""

from cut_nets import holds, net_of
from paddle import nn

from ppmobile.models.blocks import ConvBN
from ppmobile.models.heads.picodet import PicoHead
from ppmobile.models.heads.yolov3 import YOLOv3Head
from ppmobile.models.necks.fpn import FPN
from ppmobile.models.necks.lc_pan import LCPAN
from ppmobile.models.necks.yolo_fpn import YOLOFPN

WIDTHS, STRIDES = [8, 16, 24], [2, 4, 8]


class Maps(nn.Layer):
    """Three maps of other widths, each from the one before."""

    def __init__(self):
        super().__init__()
        self.layers = nn.LayerList(ConvBN(before, width, 3, 2, activation="relu")
                                   for before, width in zip([3, *WIDTHS], WIDTHS))

    def forward(self, x):
        """The maps from fine to coarse."""
        maps = []
        for layer in self.layers:
            x = layer(x)
            maps.append(x)
        return maps


def test_added_maps():
    coupling = holds(net_of(Maps(), YOLOv3Head([16] * 3, STRIDES, 2), FPN(WIDTHS, STRIDES, 16, extra=0)), (32, 32))
    lateral = next(group for group in coupling.groups if group.name.endswith("lateral"))
    assert sorted(lateral.producers) == [f"neck.levels.{level}.lateral" for level in range(3)]


def test_joined_maps():
    neck = YOLOFPN(WIDTHS, STRIDES, 32)
    coupling = holds(net_of(Maps(), YOLOv3Head(neck.channels, neck.strides, 2), neck), (32, 32))
    assert all(len(group.producers) == 1 for group in coupling.groups)
    joined = len(coupling.inputs["neck.levels.1.convs.0.conv"])
    assert joined == 16 + 16  # the transition of the coarser level, and the backbone's map of stride 4


def test_path_aggregation():
    neck = LCPAN(WIDTHS, STRIDES, 16, kernel_size=3)
    holds(net_of(Maps(), PicoHead(neck.channels, neck.strides, 2, convs=1), neck), (32, 32))
