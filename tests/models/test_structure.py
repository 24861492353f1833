"""Cut layers: their weights by NumPy, their widths in the structure, and what does not fit it."""

import numpy as np
import paddle
import pytest
from paddle import nn

from ppmobile.errors import CheckpointError
from ppmobile.models.build import build_model
from ppmobile.models.structure import cut_layer, note_widths, rebuild, set_widths, width_of, widths_of

IN, OUT = np.array([0, 2, 3]), np.array([1, 4])


@pytest.mark.parametrize(["layer", "inputs_axis", "outputs_axis"], [
    (nn.Conv2D(5, 6, 3), 1, 0), (nn.Conv2DTranspose(5, 6, 3), 0, 1), (nn.Linear(5, 6), 0, 1)])
def test_weights_and_bias(layer, inputs_axis, outputs_axis):
    want = layer.weight.numpy().take(IN, inputs_axis).take(OUT, outputs_axis)
    bias = np.arange(6, dtype=np.float32)
    layer.bias.set_value(bias)
    cut_layer(layer, IN, OUT)
    assert (layer.weight.numpy() == want).all() and layer.bias.numpy().tolist() == [1, 4]
    assert width_of(layer) == [3, 2]
    x = paddle.randn([2, 3, 4, 4]) if want.ndim == 4 else paddle.randn([2, 3])
    assert layer(x).shape[1] == 2


def test_batch_norm():
    layer = nn.BatchNorm2D(6)
    for number, name in enumerate(("weight", "bias", "_mean", "_variance")):
        getattr(layer, name).set_value(np.arange(6, dtype=np.float32) + 10 * number)
    layer.weight.stop_gradient = True  # frozen
    cut_layer(layer, OUT, OUT)
    assert [getattr(layer, name).numpy().tolist() for name in ("weight", "bias", "_mean", "_variance")] == [
        [1, 4], [11, 14], [21, 24], [31, 34]]
    assert layer.weight.stop_gradient and layer._mean.stop_gradient and not layer.bias.stop_gradient
    layer.train()
    assert layer(paddle.randn([2, 2, 3, 3])).shape == [2, 2, 3, 3]


@pytest.mark.parametrize("kind", [nn.Conv2D, nn.Conv2DTranspose])
def test_depthwise(kind):
    layer = kind(4, 4, 3, groups=4)
    want, x = layer.weight.numpy()[[0, 3]], paddle.randn([1, 4, 5, 5])
    before = layer(x)
    cut_layer(layer, np.array([0, 3]), np.array([0, 3]))
    assert (layer.weight.numpy() == want).all() and layer._groups == 2
    after = layer(paddle.gather(x, paddle.to_tensor([0, 3]), axis=1))
    assert np.allclose(after.numpy(), before.numpy()[:, [0, 3]], atol=1e-6)


def test_depthwise_of_several_outputs_a_channel():
    layer, x = nn.Conv2D(3, 6, 3, groups=3), paddle.randn([1, 3, 5, 5])
    before = layer(x)
    cut_layer(layer, np.array([0, 2]), np.array([0, 1, 4, 5]))
    after = layer(paddle.gather(x, paddle.to_tensor([0, 2]), axis=1))
    assert np.allclose(after.numpy(), before.numpy()[:, [0, 1, 4, 5]], atol=1e-6)


@pytest.mark.parametrize(["layer", "inputs", "outputs"], [
    (nn.Conv2D(4, 4, 3, groups=2), 2, 2), (nn.Conv2D(4, 4, 3, groups=4), 2, 3)])
def test_other_groups_are_refused(layer, inputs, outputs):
    with pytest.raises(ValueError, match="cannot be cut"):
        cut_layer(layer, np.arange(inputs), np.arange(outputs))


def model():
    """A small classifier."""
    return build_model({"backbone": {"name": "PPLCNet", "scale": 0.25, "out_strides": [4]}}, "classify", 3)


CUT = {"backbone.stem.conv": [3, 2], "backbone.stem.bn": [2, 2], "backbone.blocks.0.depthwise.conv": [2, 2],
       "backbone.blocks.0.depthwise.bn": [2, 2], "backbone.blocks.0.pointwise.conv": [2, 8]}


def test_a_structure_is_what_was_cut_first_and_later():
    one = model()
    before = widths_of(one)
    set_widths(one, CUT, "x")
    note_widths(one, before)
    assert one.structure == {"widths": CUT}
    before = widths_of(one)
    last = "head.hidden" if "head.hidden" in before else "head.fc"
    cut_layer(dict(one.named_sublayers())[last], np.arange(before[last][0]), np.arange(2))
    note_widths(one, before)  # of a net that was cut already
    assert one.structure["widths"] == {**CUT, last: [before[last][0], 2]}
    other = model()
    rebuild(other, one.structure, "x")
    assert widths_of(other) == widths_of(one) and other.structure == one.structure


@pytest.mark.parametrize(["widths", "message"], [
    ({"backbone.steam": [1, 1]}, "no such layer"), ({"backbone.stem.conv": [3, 900]}, r"here it has \[3, 8\]"),
    ({"backbone.stem.conv": [3]}, "here it has"), ({"backbone.stem.conv": [3, 0]}, "here it has"),
    ({"backbone.stem.conv": [3.0, 2]}, "here it has"), ({"backbone.stem": [3, 2]}, "no such layer")])
def test_widths_that_do_not_fit(widths, message):
    one = model()
    before = widths_of(one)
    with pytest.raises(CheckpointError, match=f"^a.safetensors: .*{message}"):
        set_widths(one, widths, "a.safetensors")
    assert widths_of(one) == before
