"""The feature pyramid: sizes, how coarse maps reach the fine ones, further maps, and what it refuses."""

import numpy as np
import paddle
import pytest

from ppmobile.errors import ConfigError
from ppmobile.models import NECKS


def fpn(**options):
    """A pyramid of width 4 on maps of 3, 5 and 6 channels."""
    return NECKS.build({"name": "FPN", "channels": 4, **options}, in_channels=[3, 5, 6], strides=[8, 16, 32])


def maps(*sides):
    """Random maps of 3, 5 and 6 channels."""
    random = np.random.RandomState(0)
    return [paddle.to_tensor(random.standard_normal((1, channels, side, side)).astype(np.float32))
            for channels, side in zip((3, 5, 6), sides)]


@pytest.mark.parametrize("extra_by", ["conv", "pool"])
def test_maps_are_as_declared_also_of_odd_sizes(extra_by):
    neck = fpn(extra=2, extra_by=extra_by)
    out = neck(maps(13, 7, 4))
    assert neck.channels == [4] * 5 and neck.strides == [8, 16, 32, 64, 128]
    assert [x.shape for x in out] == [[1, 4, side, side] for side in (13, 7, 4, 2, 1)]


def test_pooling_takes_every_second_cell():
    out = fpn(extra=1)(maps(8, 4, 4))
    assert np.array_equal(out[3].numpy(), out[2].numpy()[:, :, ::2, ::2])


def test_a_coarse_map_reaches_all_finer_ones_and_no_fine_one_a_coarser():
    neck, fine = fpn(extra=0), maps(8, 4, 2)
    before = [x.numpy() for x in neck(fine)]
    after = [x.numpy() for x in neck([*fine[:2], fine[2] + 1])]
    assert all(np.abs(a - b).max() > 1e-3 for a, b in zip(before, after))
    after = [x.numpy() for x in neck([fine[0] + 1, *fine[1:]])]
    assert [np.abs(a - b).max() > 1e-3 for a, b in zip(before, after)] == [True, False, False]


def test_a_relu_stands_between_further_convolutions():
    neck = fpn(extra=2, extra_by="conv")
    neck.extra[0].bias.set_value(paddle.full([4], -100.0))
    assert neck(maps(8, 4, 2))[4].flatten().tolist() == pytest.approx(neck.extra[1].bias.tolist())


@pytest.mark.parametrize("options, message", [
    ({"extra": -1}, "extra at least 0"), ({"channels": 0}, "channels must be at least 1"),
    ({"extra_by": "sum"}, "extra_by 'sum' is not supported, use one of conv, pool")])
def test_impossible_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        fpn(**options)
