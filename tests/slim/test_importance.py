"""Scores of channels against NumPy, and by hand where there are several layers."""

import time

import numpy as np
import paddle
import pytest
from cut_nets import SIZE, net_of
from paddle import nn

from ppmobile.errors import ConfigError
from ppmobile.models.blocks import ConvBN, SqueezeExcite
from ppmobile.slim.coupling import couple
from ppmobile.slim.importance import KINDS, filters, fpgm, importance, l1, l2


class Net(nn.Layer):
    """A residual sum of two convolutions with a gate on it, and a bare layer behind."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.gate = ConvBN(3, 8, 3), ConvBN(3, 8, 1), SqueezeExcite(8, 4)
        self.bare, self.last = nn.Conv2D(8, 8, 1), nn.Conv2D(8, 2, 1)

    def forward(self, image):
        """A list of one map of 2 channels."""
        return [self.last(self.bare(self.gate(self.first(image) + self.second(image))))]


@pytest.fixture(scope="module")
def model():
    """The net with random weights."""
    return net_of(Net())


@pytest.fixture(scope="module")
def coupling(model):
    """Its Coupling."""
    return couple(model, SIZE)


def rows(count=5, values=7):
    """Random filters."""
    return np.random.default_rng(3).normal(size=(count, values))


def test_norms():
    assert np.allclose(l1(rows()), np.linalg.norm(rows(), 1, axis=1))
    assert np.allclose(l2(rows()), np.linalg.norm(rows(), 2, axis=1))


def test_fpgm_is_the_sum_of_distances():
    own = rows(9)
    assert np.allclose(fpgm(own), [sum(np.linalg.norm(a - b) for b in own) for a in own])


def test_fpgm_of_equal_filters_is_zero():
    assert (fpgm(np.ones((4, 3)) * 0.1) < 1e-6).all()
    assert fpgm(np.array([[0.0], [1.0], [5.0]])).tolist() == [6, 5, 9]  # by hand; the median filter is 1


def test_fpgm_of_a_wide_layer_takes_seconds():
    own = np.random.default_rng(0).normal(size=(1024, 4608))  # the widest layer of YOLOv3-MobileNetV3
    start = time.perf_counter()
    fpgm(own)
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize(["layer", "axis"], [(nn.Conv2D(3, 4, 2), 0), (nn.Conv2DTranspose(3, 4, 2), 1),
                                             (nn.Linear(3, 4), 1)])
def test_filters_have_outputs_first(layer, axis):
    found, weight = filters(layer), layer.weight.numpy()
    assert len(found) == 4
    for index in range(4):
        assert sorted(found[index]) == sorted(weight.take(index, axis).reshape(-1).astype(float))


def test_producers_are_added_and_gates_left_out(model, coupling):
    group = coupling.groups[0]
    assert group.gates == ["backbone.gate.conv2"]
    want = sum(np.abs(layer.conv.weight.numpy()).sum(axis=(1, 2, 3))
               for layer in (model.backbone.first, model.backbone.second))
    assert np.allclose(importance(model, coupling, group, "l1"), want)
    gammas = sum(np.abs(layer.bn.weight.numpy()) for layer in (model.backbone.first, model.backbone.second))
    assert np.allclose(importance(model, coupling, group, "bn_gamma"), gammas)


def test_bn_gamma_without_batch_norm_is_named(model, coupling):
    group = next(one for one in coupling.groups if one.name == "backbone.bare")
    with pytest.raises(ConfigError, match="batch norm behind backbone.bare"):
        importance(model, coupling, group, "bn_gamma")


@pytest.mark.parametrize("kind", KINDS)
def test_a_channel_of_small_weights_matters_least(model, coupling, kind):
    group = coupling.groups[0]
    changed = net_of(Net())
    for layer in (changed.backbone.first, changed.backbone.second):
        for one in (layer.conv, layer.bn):
            weight = one.weight.numpy()
            # for fpgm the one nearest to all others, for norms the one next to zero
            weight[5] = np.median(weight, axis=0) if kind == "fpgm" else weight[5] * 1e-3
            one.weight.set_value(paddle.to_tensor(weight))
    assert importance(changed, coupling, group, kind).argmin() == 5
