"""How operators carry channels from tensor to tensor: which axis of each they lie on, and which of them are one."""

from typing import NamedTuple

import numpy as np

# operators whose output has the shape of their input X, value by value
SAME = {"relu", "relu6", "leaky_relu", "hard_swish", "hard_sigmoid", "sigmoid", "swish", "silu", "gelu", "tanh",
        "clip", "exp", "log", "sqrt", "rsqrt", "square", "abs", "scale", "cast", "assign", "dropout", "share_data",
        "elu", "mish", "softplus", "floor", "round"}
# operators on maps (N, C, H, W) that treat each channel by itself
BY_CHANNEL = {"pool2d", "nearest_interp_v2", "bilinear_interp_v2", "bicubic_interp_v2", "roi_align", "pad3d"}
RESHAPES = {"reshape2", "flatten_contiguous_range", "squeeze2", "unsqueeze2"}
REDUCES = {"reduce_mean", "reduce_sum", "reduce_max", "reduce_min"}
BINARY = {"elementwise_add", "elementwise_sub", "elementwise_mul", "elementwise_div", "elementwise_max",
          "elementwise_min"}
CONVOLUTIONS = {"conv2d", "depthwise_conv2d", "conv2d_transpose", "depthwise_conv2d_transpose"}
SHAPE_ONLY = {"shape"}  # they read no channel


class Map(NamedTuple):
    """The channels of a tensor: they lie on `axis`, and `slots` (its length,) numbers them."""

    axis: int
    slots: np.ndarray


class Slots:
    """Numbers for channels wherever they turn up, which of them are the same channel, and which must stay."""

    def __init__(self):
        self.count, self.ties, self.pins = 0, [], []

    def new(self, count):
        """(count,) fresh numbers."""
        self.count += count
        return np.arange(self.count - count, self.count)

    def tie(self, one, other):
        """Say that the channels of two arrays of one length are the same, pair by pair."""
        self.ties.append((one, other))

    def pin(self, slots, reason):
        """Say that these channels cannot be cut, and why."""
        self.pins.append((slots, reason))

    def atoms(self):
        """(count,) the number of each slot's channel: tied slots have the same one, counted from 0."""
        if not self.ties:
            return np.arange(self.count)
        one, other = (np.concatenate(part) for part in zip(*self.ties))
        label, before = np.arange(self.count), None
        while before is None or (label != before).any():  # the least number spreads, in ever longer leaps
            before = label.copy()
            least = np.minimum(label[one], label[other])
            np.minimum.at(label, label[one], least)
            np.minimum.at(label, label[other], least)
            label = label[label]
        return np.unique(label, return_inverse=True)[1].reshape(-1)


def reshaped(found, before, after):
    """The Map behind a reshape from shape `before` to `after`, or None if the channels' axis is torn apart.

    Axes merged into one number its channels again for each place of the others: (N, C, H, W) to (N, C H W) repeats each
    channel H W times.
    """
    outer, size, inner = np.prod(before[:found.axis]), before[found.axis], np.prod(before[found.axis + 1:])
    for axis, length in enumerate(after):
        left, right = np.prod(after[:axis]), np.prod(after[axis + 1:])
        if (length == 1) != (size == 1) or outer % left or inner % right:
            continue
        lead, trail = int(outer // left), int(inner // right)
        if lead * size * trail == length:
            return Map(axis, np.tile(np.repeat(found.slots, trail), lead))
    return None


def reduced(found, rank, axes, keep, everything):
    """The Map behind a mean, sum or extremum over `axes`, or None if the channels are among them."""
    axes = {axis % rank for axis in axes}
    if everything or found.axis in axes:
        return None
    return Map(found.axis - (0 if keep else sum(axis < found.axis for axis in axes)), found.slots)


def aligned(shapes, axis):
    """For the two shapes of a binary operator, the axis of the result at which each begins (numpy's rule if -1)."""
    rank = max(map(len, shapes))
    return [rank - len(shapes[0]), rank - len(shapes[1]) if axis == -1 else axis]
