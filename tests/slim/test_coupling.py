"""Groups of coupled channels: of every backbone and detector, and what becomes of operators that are not known."""

import json
from pathlib import Path

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from cut_nets import SIZE, answers, classifier, half_of, holds, net_of, randomise
from paddle import nn

from ppmobile.config import load
from ppmobile.errors import ConfigError, ExportError
from ppmobile.models import BACKBONES
from ppmobile.models.blocks import ConvBN
from ppmobile.models.build import build_model
from ppmobile.slim.channel_maps import Map, Slots, reshaped
from ppmobile.slim.coupling import couple
from ppmobile.slim.cut import cut_checked

# the smallest of each family, and of the heavy ones the first stages, for the others repeat them
SMALL = {"PPLCNet": {"scale": 0.25}, "PPLCNetV2": {"size": "small"}, "MobileNetV1": {"scale": 0.25},
         "MobileNetV2": {"scale": 0.25}, "MobileNetV3": {"scale": 0.35},
         "ResNetVd": {"depth": 50, "out_strides": [8]}, "ResNet": {"depth": 18, "out_strides": [8]},
         "ResNeSt": {"out_strides": [8]}, "EfficientNetB0": {"out_strides": [16]}}
CONFIGS = Path(__file__).parents[2] / "configs/detect"


def _kinds_of_detectors():
    """A model section, made narrow, for each pair of neck and head in the configs and each mode of them."""
    found = {}
    for file in sorted(CONFIGS.glob("*.yml")):
        section = vars(load(file).model)
        parts = [section[name] or {} for name in ("neck", "head")]
        modes = [{k: v for k, v in part.items() if isinstance(v, (bool, str))} for part in parts]
        found.setdefault(json.dumps([modes, section["backbone"].get("ssdlite")]), (file.name, section))
    return [pytest.param(_narrow(section), id=name) for name, section in found.values()]


def _narrow(section):
    backbone = {**section["backbone"], "name": section["backbone"]["name"]}
    backbone.update({"scale": 0.35} if backbone["name"] == "MobileNetV3" else SMALL[backbone["name"]])
    neck = dict(section["neck"])
    if "channels" in neck:
        neck["channels"] = 32
    return {**section, "backbone": {**backbone, **{k: v for k, v in section["backbone"].items() if k == "out_strides"}},
            "neck": neck}


@pytest.mark.parametrize("name", BACKBONES.names())
def test_half_of_every_backbone_can_go(name):
    coupling = holds(classifier(BACKBONES.build({"name": name, **SMALL.get(name, {})})), (64, 64))
    assert coupling.fixed["head.fc"] == "a softmax compares its channels"
    made = np.concatenate([group.atoms for group in coupling.groups])
    assert len(np.unique(made)) == len(made)  # no channel is in two groups
    for group in coupling.groups:
        for path in group.producers:
            assert np.isin(group.atoms, coupling.outputs[path]).all()


@pytest.mark.parametrize("section", _kinds_of_detectors())
def test_half_of_every_detector_can_go(section):
    model = build_model(section, "detect", 3)
    model.eval()
    randomise(model)
    coupling = couple(model, (64, 64))
    before = [one.shape for one in answers(model, (64, 64))]
    now, after = cut_checked(model, coupling, half_of(coupling), (64, 64))
    assert after.params < 0.5 * now.params
    assert [one.shape for one in answers(model, (64, 64))] == before


class Strange(nn.Layer):
    """A stem whose channels go through `operator`, another layer beside it, and one that gives the output."""

    def __init__(self, operator):
        super().__init__()
        self.stem, self.beside = ConvBN(3, 8, 3), ConvBN(3, 8, 3)
        self.operator, self.last = operator, nn.Conv2D(8, 4, 1)

    def forward(self, image):
        """A list of one map of 4 channels."""
        return [self.last(F.relu(self.operator(self.stem(image))) + F.relu(self.last_of(image)))]

    def last_of(self, image):
        """What comes from beside, widened by a layer of its own."""
        return self.beside(image).mean(axis=1, keepdim=True)


class Call(nn.Layer):
    """A function as a layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        """What the function makes of it."""
        return self.function(x)


class Standardised(nn.Layer):
    """A convolution whose weight is computed with before it is used."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2D(8, 8, 1, bias_attr=False)

    def forward(self, x):
        """The map, by a weight that its own square is added to."""
        return F.conv2d(x, self.conv.weight + self.conv.weight * self.conv.weight)


@pytest.mark.parametrize(["function", "word"], [
    (lambda x: paddle.flip(x, [1]), "flip"), (lambda x: F.channel_shuffle(x, 2), "channel_shuffle"),
    (lambda x: paddle.concat(paddle.split(x, 2, axis=1)[::-1], axis=1), "split"),
    (lambda x: x[:, :4].tile([1, 2, 1, 1]), "slice"), (lambda x: F.softmax(x, axis=1), "softmax"),
    (lambda x: x * paddle.arange(8, dtype="float32").reshape([1, 8, 1, 1]), "elementwise_mul"),
    (lambda x: x.reshape([1, 4, 2, 16, 16]).transpose([0, 2, 1, 3, 4]).reshape([1, 8, 16, 16]), "reshape2")])
def test_operators_that_are_not_understood_leave_their_channels_whole(function, word):
    coupling = couple(net_of(Strange(Call(function))), SIZE)
    assert coupling.groups == []
    assert word in coupling.fixed["backbone.stem.conv"]
    assert "reduce_mean" in coupling.fixed["backbone.beside.conv"]


@pytest.mark.parametrize("function", [
    lambda x: F.interpolate(F.leaky_relu(x), size=[9, 9], mode="nearest"), lambda x: F.hardswish(paddle.clip(x, 0, 6)),
    lambda x: F.pad(x, [1, 0, 0, 2]), lambda x: x * F.sigmoid(x.mean(axis=[2, 3], keepdim=True)),
    lambda x: x.transpose([0, 2, 3, 1]).reshape([1, -1, x.shape[1]]).transpose([0, 2, 1]).unsqueeze(2),
    lambda x: paddle.concat([x, x[:, :, :3]], axis=2), lambda x: (x - 1.0) / (x.abs() + 2.0),
    lambda x: F.adaptive_avg_pool2d(F.max_pool2d(x, 2), 3) * paddle.to_tensor([2.0])])
def test_operators_that_leave_channels_alone(function):
    class Plain(nn.Layer):
        def __init__(self):
            super().__init__()
            self.stem, self.last = ConvBN(3, 8, 3), nn.Conv2D(8, 4, 1)

        def forward(self, image):
            return [self.last(function(self.stem(image)))]

    assert [group.width for group in holds(net_of(Plain())).groups] == [8]


def test_an_operator_on_a_weight_alone_is_not_followed():
    coupling = couple(net_of(Strange(Standardised())), SIZE)
    assert coupling.groups == [] and "conv2d" in coupling.fixed["backbone.stem.conv"]


def test_a_net_in_simulated_int8_is_refused():
    model = net_of(Strange(Call(F.relu)))
    model.structure = {"qat": {}}
    with pytest.raises(ConfigError, match="holds quantizers of a QAT step.*; cut before QAT"):
        couple(model, SIZE)


def test_a_net_that_cannot_be_traced_is_named_and_leaves_dynamic_mode():
    def by_value(x):
        return x if float(x.numpy().sum()) > 0 else -x

    model = net_of(Strange(Call(by_value)))
    weights = {key: value.numpy() for key, value in model.state_dict().items()}
    with pytest.raises(ExportError, match="in backbone.operator: ") as error:
        couple(model, SIZE)
    assert "\n" not in str(error.value)
    assert paddle.in_dynamic_mode() and paddle.base.framework._name_scope.name() == ""
    assert all((value.numpy() == weights[key]).all() for key, value in model.state_dict().items())
    couple(net_of(Strange(Call(F.relu))), SIZE)  # the next one goes


def test_coupling_leaves_the_model_alone():
    model = net_of(Strange(Call(F.relu)))
    model.train()
    before = {key: value.numpy() for key, value in model.state_dict().items()}
    names = [p.name for p in model.parameters()]
    couple(model, SIZE)
    assert all(layer.training for layer in model.sublayers()) and [p.name for p in model.parameters()] == names
    assert all((value.numpy() == before[key]).all() for key, value in model.state_dict().items())


def test_ties_reach_through_chains():
    slots = Slots()
    parts = [slots.new(3) for _ in range(50)]
    for one, other in zip(parts[::2], parts[1::2]):
        slots.tie(other, one)
    for one, other in zip(parts[1::2], parts[2::2]):
        slots.tie(one, other[::-1])
    atoms = slots.atoms().reshape(50, 3)
    assert (np.sort(atoms) == [0, 1, 2]).all()
    assert (atoms[0] == [0, 1, 2]).all() and (atoms[2] == [2, 1, 0]).all() and (atoms[4] == [0, 1, 2]).all()


@pytest.mark.parametrize(["before", "axis", "after", "want"], [
    ((1, 3, 1, 1), 1, (1, 3), (1, [0, 1, 2])), ((1, 2, 2, 1), 1, (1, 4), (1, [0, 0, 1, 1])),
    ((1, 2, 1, 2), 3, (2, 2), (1, [0, 1])), ((1, 2, 2, 2), 3, (1, 8), (1, [0, 1] * 4)),
    ((3,), 0, (1, 3, 1, 1), (1, [0, 1, 2])), ((1, 4, 1, 1), 1, (1, 2, 2), None), ((2, 1, 3), 1, (2, 3), None)])
def test_reshape(before, axis, after, want):
    """Wanted by hand: where the values of a channel come to lie in memory."""
    found = reshaped(Map(axis, np.arange(before[axis])), before, after)
    assert (None if found is None else (found.axis, found.slots.tolist())) == want
