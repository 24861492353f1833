"""MACs and parameters against hand calculation and published counts."""

import json
from pathlib import Path

import paddle
import pytest
from paddle import nn

from ppmobile import zoo
from ppmobile.models.build import build_model
from ppmobile.profiling.macs import count
from ppmobile.zoo.weights import table

RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "clas"
paddle.set_device("cpu")


@pytest.mark.parametrize(
    ("layer", "shape", "macs", "params"),
    [  # each by hand: outputs x kernel x inputs of a group; transposed: inputs x kernel x outputs of a group
        (lambda: nn.Conv2D(3, 8, 3, stride=2, padding=1), (1, 3, 8, 8), 4 * 4 * 8 * 3 * 9, 8 * 3 * 9 + 8),
        (lambda: nn.Conv2D(8, 8, 5, padding=2, groups=8, bias_attr=False), (1, 8, 6, 4), 6 * 4 * 8 * 25, 8 * 25),
        (lambda: nn.Conv2DTranspose(4, 6, 2, stride=2), (1, 4, 5, 5), 25 * 4 * 6 * 4, 4 * 6 * 4 + 6),
        (lambda: nn.Conv2DTranspose(4, 6, 3, stride=2, groups=2, output_padding=1), (1, 4, 5, 5), 25 * 4 * 3 * 9, 114),
        (lambda: nn.Linear(7, 5), (1, 7), 35, 40),
        (lambda: nn.BatchNorm2D(4), (1, 4, 2, 2), 0, 8),
    ],
)
def test_one_layer(layer, shape, macs, params):
    result = count(layer(), shape)
    assert (result.macs, result.params) == (macs, params)


class SharedHead(nn.Layer):
    """One convolution on two maps, a frozen layer, and a parameter of its own."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(3, 4, 1)
        self.frozen = nn.Conv2D(3, 2, 1)
        for parameter in self.frozen.parameters():
            parameter.stop_gradient = True
        self.scale = self.create_parameter([1])

    def forward(self, x):
        return self.conv(x) * self.scale + self.conv(x), self.frozen(x)


def test_a_layer_called_twice_counts_twice_but_its_parameters_once():
    result = count(SharedHead(), (2, 3, 4, 4))
    assert [(row.path, row.type, row.macs, row.params) for row in result.layers] == [
        ("conv", "Conv2D", 192, 16), ("conv", "Conv2D", 192, 0), ("frozen", "Conv2D", 96, 0), ("", "SharedHead", 0, 1),
    ]  # fmt: skip
    assert result.layers[0].output_shape == (2, 4, 4, 4)
    assert result.macs == 480 and result.params == 17


def test_training_flags_and_statistics_are_left_alone():
    net = nn.Sequential(nn.Conv2D(3, 4, 1), nn.BatchNorm2D(4), nn.Dropout(0.5))
    net.train()
    net[1].eval()  # frozen statistics, as a detector has them
    before = net[1]._mean.numpy()
    count(net, (1, 3, 4, 4))
    assert [layer.training for layer in net.sublayers(include_self=True)] == [True, True, False, True]
    assert (net[1]._mean.numpy() == before).all() and not net[0]._forward_post_hooks


def test_hooks_and_flags_are_restored_after_a_failure():
    net = nn.Sequential(nn.Conv2D(3, 4, 1))
    with pytest.raises(ValueError):
        count(net, (1, 5, 4, 4))
    assert net.training and not net[0]._forward_post_hooks


def test_pplcnet_as_published():
    # shared/facts.md and the paper's code: 155.7 M MACs of conv + fc, 2,952,520 parameters
    result = count(build_model({"backbone": {"name": "PPLCNet", "scale": 1.0}}, "classify", 1000))
    assert round(result.macs / 1e6, 1) == 155.7 and result.params == 2952520
    assert sum(row.params for row in result.layers) == result.params


@pytest.mark.parametrize(
    ("name", "macs", "params"),
    [  # billions and millions of PaddleClas's docs/zh_CN/models/ImageNet1k/README.md; it counts statistics as well
        ("ResNet18_vd", 2.07, 11.72),
        ("ResNeSt50", 5.40, 27.54),
    ],
)
def test_teachers_as_published(name, macs, params):
    result = count(build_model({"backbone": table()[name]["backbone"]}, "classify", 1000))
    assert result.macs / 1e9 == pytest.approx(macs, rel=0.006)
    assert result.params / 1e6 == pytest.approx(params, rel=0.003)


@pytest.mark.parametrize("name", [n for n in zoo.names() if (RECORDED / f"{n}.json").is_file()])
def test_recorded_counts(name):
    expected = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    net = build_model({"backbone": table()[name]["backbone"]}, "classify", 1000)
    result = count(net)
    # PP-LCNet v2 freezes its fused convolutions; statistics of batch norm (._mean, ._variance) count nowhere
    frozen = sum(p.size for key, p in net.named_parameters() if p.stop_gradient and "._" not in key)
    assert result.params + frozen == expected["params"]
    # PaddleClas's EfficientNet computes a row and a column too many before it crops them
    tolerance = 3e-3 if name == "EfficientNetB0" else 0
    assert result.macs == pytest.approx(expected["conv_macs"] + expected["fc_macs"], rel=tolerance, abs=0)
