"""Slimming's rule: the threshold over all gammas, its bound, the filling up, and the penalty on the gradients."""

from types import SimpleNamespace

import numpy as np
import paddle
import pytest
from cut_nets import classifier, net_of
from hypothesis import given
from hypothesis import strategies as st
from paddle import nn

from ppmobile.engine.trainer import Amp
from ppmobile.models.backbones import MobileNetV2, MobileNetV3, PPLCNet, ResNetVd
from ppmobile.slim.coupling import couple
from ppmobile.slim.gamma import GammaPenalty, candidates, gammas, hidden_groups, relative, slimmed, threshold


def test_threshold_by_hand():
    scores = [np.array([0.1, 0.5, 0.9]), np.array([0.2, 0.3, 0.8, 0.7])]
    assert threshold(scores, 0.0) == 0.1  # all stay
    assert threshold(scores, 3 / 7) == 0.5  # 0.1, 0.2, 0.3 go
    assert threshold(scores, 0.99) == 0.8  # not above the smaller of the maxima 0.9 and 0.8


def test_filling_up_with_the_largest_of_the_dropped():
    scores = {"a": np.linspace(0.0, 1.0, 16), "b": np.linspace(2.0, 3.0, 16)}
    kept = slimmed(scores, 0.3)  # 9 of 32 go, all of a, whose 7 are filled up to 8
    assert kept["a"].tolist() == list(range(8, 16)) and kept["b"].tolist() == list(range(16))
    assert slimmed(scores, 0.3, multiple_of=1)["a"].tolist() == list(range(9, 16))
    dead = slimmed({"a": np.full(24, 1e-6), "b": np.ones(24)}, 0.5)
    assert len(dead["a"]) == 24  # its largest gamma is the bound


def test_relative_gammas_do_not_know_the_scale_of_their_layer():
    scores = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([0.1, 0.2, 0.3])}
    assert relative(scores)["a"] == pytest.approx([0.5, 1.0, 1.5]) == relative(scores)["b"]
    assert [len(kept) for kept in slimmed(scores, 0.34, 1).values()] == [3, 1]
    assert [len(kept) for kept in slimmed(relative(scores), 0.34, 1).values()] == [2, 2]
    assert relative({"dead": np.zeros(3)})["dead"].tolist() == [0, 0, 0]


@given(st.lists(st.lists(st.floats(0, 2), min_size=1, max_size=40), min_size=1, max_size=6), st.floats(0, 0.99))
def test_no_layer_dies_and_widths_are_multiples(layers, ratio):
    scores = {str(number): np.array(own) for number, own in enumerate(layers)}
    kept = slimmed(scores, ratio)
    least = threshold(list(scores.values()), ratio)
    for name, own in scores.items():
        assert len(kept[name]) > 0 and (len(kept[name]) % 8 == 0 or len(kept[name]) == len(own))
        assert set(np.flatnonzero(own >= least)) <= set(kept[name])
        gone = np.delete(own, kept[name])
        assert not len(gone) or own[kept[name]].min() >= gone.max()


def test_hidden_groups_of_inverted_residuals():
    coupling = couple(classifier(MobileNetV2(0.25, out_strides=[8])), (32, 32))
    names = [f"backbone.blocks.{index}.expand.conv" for index in range(6)]
    assert [group.name for group in hidden_groups(coupling)] == names
    assert [group.name for group in candidates(coupling, ["backbone.blocks.0"])] == names[1:]
    gated = couple(classifier(MobileNetV3(scale=0.35, out_strides=[8])), (32, 32))
    assert [group.name for group in hidden_groups(gated)] == names[:3]


@pytest.mark.parametrize("backbone", [PPLCNet(0.25, [4]), ResNetVd(18, [4])])
def test_nets_without_hidden_groups_offer_all_that_have_a_batch_norm(backbone):
    coupling = couple(classifier(backbone), (32, 32))
    assert hidden_groups(coupling) == []
    assert [group.name for group in candidates(coupling)] == [g.name for g in coupling.groups if g.norms] != []


def test_an_expansion_that_others_read_is_not_hidden():
    class Both(nn.Layer):
        """The maps of a block's expansion and of the block."""

        def __init__(self):
            super().__init__()
            self.net, self.last = MobileNetV3(scale=0.35, out_strides=[4]), nn.Conv2D(8, 2, 1)

        def forward(self, image):
            expanded, _ = self.net.blocks[0](self.net.stem(image), with_expansion=True)
            return [self.last(expanded)]

    names = [group.name for group in hidden_groups(couple(net_of(Both()), (32, 32)))]
    assert not any(name.startswith("backbone.net.blocks.0.expand") for name in names)


def test_of_several_gammas_the_largest_counts():
    model = classifier(ResNetVd(18, [4]))
    coupling = couple(model, (32, 32))
    group = next(one for one in coupling.groups if len(one.norms) > 1)
    layers = dict(model.named_sublayers())
    layers[group.norms[0]].weight.set_value(-2 * layers[group.norms[0]].weight)
    want = np.max([np.abs(layers[path].weight.numpy()) for path in group.norms], axis=0)
    assert np.allclose(gammas(model, coupling, group), want)


def test_penalty_is_the_sign_of_gamma():
    net = nn.Sequential(nn.Conv2D(1, 4, 1), nn.BatchNorm2D(4), nn.BatchNorm2D(4))
    gamma = np.array([0.5, -0.25, 0.0, 2.0], np.float32)
    net[1].weight.set_value(gamma)
    net[2].weight.stop_gradient = True
    (net(paddle.randn([2, 1, 3, 3])) ** 3).sum().backward()
    before = {name: p.grad.numpy() for name, p in net.named_parameters() if p.grad is not None}
    GammaPenalty(0.01).before_step(SimpleNamespace(model=net, amp=Amp()))
    for name, parameter in net.named_parameters():
        if parameter.grad is not None:
            added = 0.01 * np.sign(gamma) if name == "1.weight" else 0
            assert np.allclose(parameter.grad.numpy(), before[name] + added, atol=1e-6)
    assert net[2].weight.grad is None
