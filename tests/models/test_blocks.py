"""The shared blocks, against formulas worked out in NumPy."""

import numpy as np
import paddle
import pytest

from ppmobile.models.backbones.pplcnet_v2 import BranchedDepthwise
from ppmobile.models.blocks import Backbone, ConvBN, SqueezeExcite, fuse, make_activation, make_divisible, one_of

X = np.array([-4.0, -2.6, -1.0, 0.0, 1.0, 2.9, 7.0], np.float32)
FORMULAS = {
    "relu": np.maximum(X, 0),
    "relu6": np.clip(X, 0, 6),
    "hardswish": X * np.clip(X + 3, 0, 6) / 6,
    "silu": X / (1 + np.exp(-X)),
    "sigmoid": 1 / (1 + np.exp(-X)),
    "hardsigmoid": np.clip(X / 6 + 0.5, 0, 1),
    "hardsigmoid_0.2": np.clip(X / 5 + 0.5, 0, 1),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_activation(name):
    np.testing.assert_allclose(make_activation(name)(paddle.to_tensor(X)).numpy(), FORMULAS[name], atol=1e-6)


def test_no_activation_and_an_unknown_one():
    assert make_activation(None) is None
    with pytest.raises(ValueError, match="activation 'swich' is not supported, use one of relu, relu6"):
        make_activation("swich")


def test_relu6_has_no_gradient_outside():
    x = paddle.to_tensor([-1.0, 3.0, 7.0], stop_gradient=False)
    make_activation("relu6")(x).sum().backward()
    assert x.grad.numpy().tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("channels, expected", [(4, 8), (12, 16), (44, 48), (72, 72), (11.2, 16), (180, 184)])
def test_make_divisible(channels, expected):
    """By hand: nearest multiple of 8, halves up, at least 8, and 11.2 goes up as 8 would lose over 10 %."""
    assert make_divisible(channels) == expected


def test_one_of():
    assert one_of("scale", 1, (0.5, 1.0)) == 1
    with pytest.raises(ValueError, match="scale 2 is not supported, use one of 0.5, 1.0"):
        one_of("scale", 2, (0.5, 1.0))


@pytest.mark.parametrize("kernel_size, stride, size", [(1, 1, 7), (3, 2, 4), (5, 1, 7), (5, 2, 4)])
def test_conv_bn_keeps_the_size_up_to_the_stride(kernel_size, stride, size):
    layer = ConvBN(4, 8, kernel_size, stride, groups=4, activation="relu")
    out = layer(paddle.rand([2, 4, 7, 7]))
    assert out.shape == [2, 8, size, size] and float(out.min()) >= 0
    assert layer.conv.bias is None


def test_squeeze_excite_scales_each_channel_by_its_gate():
    layer, x = SqueezeExcite(3, 2), paddle.rand([1, 3, 4, 4])
    first, second = layer.conv1, layer.conv2
    mean = x.numpy().mean((2, 3))[0]
    hidden = np.maximum(first.weight.numpy()[:, :, 0, 0] @ mean + first.bias.numpy(), 0)
    gate = np.clip((second.weight.numpy()[:, :, 0, 0] @ hidden + second.bias.numpy()) / 6 + 0.5, 0, 1)
    np.testing.assert_allclose(layer(x).numpy(), x.numpy() * gate[None, :, None, None], rtol=1e-5)


def test_plan_taps_the_last_block_of_each_stride():
    backbone = Backbone()
    needed = backbone.plan([8, 8, 16, 24, 24, 32], [1, 2, 1, 2, 1, 2], [4, 16])
    assert (needed, backbone.taps, backbone.channels, backbone.strides) == (6, [2, 5], [16, 32], [4, 16])
    assert backbone.plan([8, 16], [2, 2], None, stem_stride=4) == 2
    assert (backbone.channels, backbone.strides) == ([16], [16])


def test_fusing_changes_nothing_but_the_cost():
    """The fused convolution is the sum of the branches with their batch norms in evaluation (2101.03697)."""
    for stride in (1, 2):
        layer, x = BranchedDepthwise(4, 5, stride), paddle.randn([2, 4, 9, 9])
        for _ in range(3):
            layer(x * 2 + 1)  # running statistics away from 0 and 1
        layer.eval()
        assert len(layer.branches) == (3 if stride == 1 else 2)
        before = layer(x).numpy()
        holder = paddle.nn.Sequential(layer)
        fuse(holder)
        assert layer.is_fused
        np.testing.assert_allclose(layer(x).numpy(), before, atol=1e-5)
