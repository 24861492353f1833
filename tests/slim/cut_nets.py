"""Tiny nets whose channels are coupled in one way each, and what must hold for a cut of any of them."""

import copy

import numpy as np
import paddle
from paddle import nn

from ppmobile.models.build import Model
from ppmobile.models.heads.classify import ClassifyHead
from ppmobile.models.structure import CUTTABLE, NORMS, rebuild
from ppmobile.slim.coupling import couple
from ppmobile.slim.cut import cut_checked

SIZE = (16, 16)


class ListHead(nn.Layer):
    """A head whose raw outputs are the maps themselves."""

    def forward(self, features):
        """The list of maps as it is."""
        return features

    def deployed(self, outputs):
        """The same."""
        return list(outputs)


def net_of(backbone, head=None, neck=None, seed=0):
    """A Model in eval mode with random weights and statistics, so that no batch norm is the identity."""
    model = Model(backbone, neck, head or ListHead())
    randomise(model, seed)
    model.eval()
    return model


def classifier(backbone):
    """The same with a class layer for 3 classes on the last map of a backbone."""
    return net_of(backbone, ClassifyHead(backbone.channels, 3))


def randomise(model, seed=0):
    """Random weights, gammas, betas and statistics for all layers that can be cut."""
    rng = np.random.default_rng(seed)
    for layer in model.sublayers():
        if isinstance(layer, CUTTABLE):
            for name in ("weight", "bias", "_mean", "_variance"):
                tensor = getattr(layer, name, None)
                if tensor is not None:
                    positive = name == "_variance" or name == "weight" and isinstance(layer, NORMS)
                    fan = 1 if len(tensor.shape) < 2 else np.prod(tensor.shape) / max(tensor.shape[:2])
                    value = rng.uniform(0.5, 1.5, tensor.shape) if positive else rng.normal(0, fan**-0.5, tensor.shape)
                    tensor.set_value(value.astype(np.float32))


def answers(model, size=SIZE):
    """The deployed outputs for a random picture, a list of arrays."""
    image = paddle.to_tensor(np.random.default_rng(7).normal(size=(1, 3, *size)).astype(np.float32))
    with paddle.no_grad():
        outputs = model.head.deployed(model(image))
    return [one.numpy() for one in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


def silence(model, coupling, atoms):
    """Set to zero what all layers that read channels `atoms` make of them."""
    for path, layer in model.named_sublayers():
        if path not in coupling.inputs or isinstance(layer, NORMS) or path in coupling.depthwise:
            continue
        places = np.flatnonzero(np.isin(coupling.inputs[path], atoms))
        weight = layer.weight.numpy()
        if isinstance(layer, nn.Conv2D):
            weight[:, places] = 0
        else:
            weight[places] = 0
        layer.weight.set_value(weight)


def half_of(coupling, groups=None, seed=1):
    """A mask that drops half of each of the groups (by default all), chosen at random."""
    rng, keep = np.random.default_rng(seed), np.ones(coupling.count, bool)
    for group in groups if groups is not None else coupling.groups:
        keep[rng.permutation(group.atoms)[:group.width // 2]] = False
    return keep


def holds(model, size=SIZE):
    """Assert that no cut is the identity, and that cutting channels nobody listens to changes no answer.

    Also that the cut is what was predicted, and that a fresh net takes the structure and the weights to equal bits.
    Gives the Coupling.
    """
    fresh, coupling, before = copy.deepcopy(model), couple(model, size), answers(model, size)
    cut_checked(model, coupling, np.ones(coupling.count, bool), size)
    assert model.structure.get("widths", {}) == {}
    for one, other in zip(before, answers(model, size)):
        np.testing.assert_array_equal(one, other)
    keep = half_of(coupling)
    assert not keep.all()
    silence(model, coupling, np.flatnonzero(~keep))
    before = answers(model, size)
    now, after = cut_checked(model, coupling, keep, size)
    assert after.macs < now.macs and after.params < now.params
    for one, other in zip(before, answers(model, size)):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5 * max(1, np.abs(one).max()))
    rebuild(fresh, model.structure, "x")
    fresh.set_state_dict(model.state_dict())
    for one, other in zip(answers(model, size), answers(fresh, size)):
        np.testing.assert_array_equal(one, other)
    return coupling
