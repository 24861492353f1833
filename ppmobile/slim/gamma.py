"""Network slimming (arXiv:1708.06519): batch-norm gammas pressed towards zero, and one threshold over all of them."""

import numpy as np
import paddle

from ..engine.hooks import Hook
from ..models.structure import NORMS
from .select import best, kept_width, means


class GammaPenalty(Hook):
    """Adds penalty * sign(gamma), the subgradient of penalty * |gamma|, to the gradient of every batch norm's gamma."""

    def __init__(self, penalty):
        self.penalty = penalty

    @paddle.no_grad()
    def before_step(self, trainer):
        """On complete gradients; those of fp16 are still scaled by its scaler, and so is the penalty."""
        size = trainer.amp.scale(paddle.to_tensor(self.penalty, "float32"))
        for layer in trainer.model.sublayers():
            if isinstance(layer, NORMS) and layer.weight is not None and layer.weight.grad is not None:
                layer.weight.grad.add_(size * paddle.sign(layer.weight))


def hidden_groups(coupling):
    """Groups inside one block of a depthwise net: an expansion, the depthwise convolution that follows, what reads it.

    Those are what slimming cuts in inverted residuals; the list is empty for nets built otherwise.
    """
    found = []
    for group in coupling.groups:
        makers = [path for path in group.producers if path not in group.gates]
        touching = [path for path in coupling.inputs
                    if np.isin(coupling.inputs[path], group.atoms).any()
                    or np.isin(coupling.outputs[path], group.atoms).any()]
        followers = [path for path in touching if path in coupling.depthwise]
        if len(makers) == 1 and followers and len({_block(path) for path in touching}) == 1:
            found.append(group)
    return found


def _block(path):
    """The path of the block that a layer stands in: up to the first number, as backbone.blocks.3."""
    words = path.split(".")
    ends = [place for place, word in enumerate(words) if word.isdigit()]
    return ".".join(words[:ends[0] + 1]) if ends else words[0]


def candidates(coupling, keep=()):
    """The Groups whose gammas slimming compares: the hidden ones, or, in a net without them, all with a batch norm.

    keep: patterns of layers that stay as they are.
    """
    own = [group for group in hidden_groups(coupling) or coupling.groups if group.norms]
    return [group for group in own if not any(means(pattern, path) for pattern in keep for path in group.producers)]


def gammas(model, coupling, group):
    """(width,) |gamma| of a Group's channels; of several, as on a residual path, the largest counts."""
    layers, largest = dict(model.named_sublayers()), np.zeros(coupling.count)
    for path in group.norms:
        np.maximum.at(largest, coupling.outputs[path], np.abs(layers[path].weight.numpy()).astype(np.float64))
    return largest[group.atoms]


def relative(scores):
    """{group name: (width,) |gamma|}, each divided by the mean of its group.

    The batch norm after the next convolution takes a common factor of a layer's gammas out again (but for ReLU6's
    bound), so in weights that were trained without a penalty the layers differ by factors that mean nothing.
    """
    return {name: own / max(own.mean(), np.finfo(own.dtype).tiny) for name, own in scores.items()}


def threshold(scores, ratio):
    """The least |gamma| that stays if the share `ratio` of all goes; at most the smallest of the layers' maxima.

    scores: a list of (width,) |gamma|. The bound leaves no layer without channels.
    """
    everything = np.sort(np.concatenate(scores))
    return min(everything[int(len(everything) * ratio)], min(own.max() for own in scores))


def slimmed(scores, ratio, multiple_of=8):
    """{group name: (kept,) places that stay}: all from the threshold on, filled up with the largest of the others.

    scores: {group name: (width,) |gamma|}. multiple_of: what the kept channels of a group are filled up to.
    """
    least = threshold(list(scores.values()), ratio)
    found = {}
    for name, own in scores.items():
        gone = 1 - (own >= least).mean()
        found[name] = best(own, kept_width(len(own), gone, multiple_of))
    return found
