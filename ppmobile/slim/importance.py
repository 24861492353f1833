"""How much each channel of a group matters, judged by the weights that make it."""

import numpy as np
from paddle import nn

from ..errors import ConfigError


def filters(layer):
    """(outputs, values) float64: the weights that make each output channel of a convolution or linear layer."""
    weight = layer.weight.numpy().astype(np.float64)
    if not isinstance(layer, nn.Conv2D):  # nn.Linear and transposed convolutions have the inputs first
        weight = weight.swapaxes(0, 1)
    return weight.reshape(len(weight), -1)


def l1(rows):
    """(n,) sums of absolute values of (n, values) filters (arXiv:1608.08710)."""
    return np.abs(rows).sum(axis=1)


def l2(rows):
    """(n,) Euclidean norms of (n, values) filters."""
    return np.sqrt(np.square(rows).sum(axis=1))


def fpgm(rows):
    """(n,) sums of Euclidean distances to all other filters: the least is nearest to their geometric median.

    arXiv:1811.00250, equation 6; all distances by one matrix product.
    """
    squares = np.square(rows).sum(axis=1)
    apart = squares[:, None] + squares - 2 * rows @ rows.T
    np.fill_diagonal(apart, 0)
    return np.sqrt(np.maximum(apart, 0)).sum(axis=1)


BY_WEIGHT = {"l1": l1, "l2": l2, "fpgm": fpgm}
KINDS = (*BY_WEIGHT, "bn_gamma")


def importance(model, coupling, group, kind="l1"):
    """(width,) scores of the channels of one Group, in the order of its atoms; a higher one matters more.

    kind: of KINDS. Scores of several producers are added; attention gates do not count, for they only weigh what others
    make. ConfigError if the batch norms that bn_gamma asks for are not there.
    """
    layers = dict(model.named_sublayers())
    if kind == "bn_gamma":
        if not group.norms:
            raise ConfigError(f"importance: bn_gamma needs a batch norm behind {group.name}, which has none; exclude "
                              f"that layer, or use one of {', '.join(BY_WEIGHT)}")
        parts = [(path, np.abs(layers[path].weight.numpy()).astype(np.float64)) for path in group.norms]
    else:
        counted = [path for path in group.producers if path not in group.gates]
        parts = [(path, _own(layers[path], coupling.outputs[path], group, BY_WEIGHT[kind])) for path in counted]
    total = np.zeros(coupling.count)
    for path, scores in parts:
        np.add.at(total, coupling.outputs[path], scores)
    return total[group.atoms]


def _own(layer, atoms, group, score):
    """(outputs,) scores of a producer; filters that make channels of other groups have no part in them."""
    own, scores = np.isin(atoms, group.atoms), np.zeros(len(atoms))
    scores[own] = score(filters(layer)[own])
    return scores
