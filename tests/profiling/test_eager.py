"""Eager times: each layer's own, in the order of the net."""

import time

import numpy as np
from paddle import nn

from ppmobile.profiling.eager import eager_times


class Sleeper(nn.Layer):
    """Sleeps, then calls what is inside it."""

    def __init__(self, seconds, inside=None):
        super().__init__()
        self.seconds, self.inside = seconds, inside

    def forward(self, x):
        """Any tensor in, the same out."""
        time.sleep(self.seconds)
        return x if self.inside is None else self.inside(x)


def test_own_time_is_without_that_of_the_layers_inside():
    net = Sleeper(0.01, Sleeper(0.03))
    found = eager_times(net, np.zeros((1, 2), np.float32), runs=3)
    assert set(found) == {"", "inside"}
    assert 10 <= found[""] < 25 and 30 <= found["inside"] < 50
    assert not net._forward_pre_hooks and not net.inside._forward_post_hooks
