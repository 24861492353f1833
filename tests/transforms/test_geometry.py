"""Sizes, windows and their distribution."""

import numpy as np
import pytest

from ppmobile.data.sample import Sample
from ppmobile.errors import ConfigError
from ppmobile.transforms import geometry


def blank(height, width):
    return Sample(np.zeros((height, width, 3), np.uint8))


@pytest.mark.parametrize("size, expected", [
    ((480, 640), (256, 341)), ((640, 480), (341, 256)), ((256, 256), (256, 256)), ((10, 10), (256, 256)),
    ((100, 301), (256, 771)), ((1, 5000), (256, 8192)),
])  # expected: the other side times 256 / short, rounded; by hand  # fmt: skip
def test_resize_short(size, expected):
    assert geometry.ResizeShort(256)(blank(*size)).image.shape[:2] == expected


@pytest.mark.parametrize("size, expected", [((480, 640), (240, 320)), ((640, 480), (320, 240)), ((1, 900), (1, 320))])
def test_resize_keeping_the_ratio_fits_inside(size, expected):
    assert geometry.Resize(320, keep_ratio=True)(blank(*size)).image.shape[:2] == expected


def test_resize_without_ratio_is_exact():
    assert geometry.Resize([24, 48])(blank(100, 10)).image.shape == (24, 48, 3)


def test_nearest_equals_repetition():
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    out = geometry.Resize([8, 15], interp="nearest")(Sample(image)).image
    assert np.array_equal(out, image.repeat(2, axis=0).repeat(3, axis=1))


def test_area_equals_the_mean_of_the_pixels():
    image = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    out = geometry.Resize([4, 4], interp="area")(Sample(image)).image
    assert np.abs(out - image.reshape(4, 2, 4, 3, 3).mean(axis=(1, 3))).max() <= 0.51


def test_center_crop_takes_the_middle_and_pads_what_is_too_small():
    image = np.arange(7 * 8, dtype=np.uint8).reshape(7, 8, 1).repeat(3, axis=2)
    assert np.array_equal(geometry.CenterCrop(4)(Sample(image)).image, image[1:5, 2:6])
    small = geometry.CenterCrop([9, 4])(Sample(image)).image
    assert np.array_equal(small[1:8], image[:, 2:6]) and (small[[0, 8]] == geometry.FILL).all()


def test_pad_extends_right_and_below_and_refuses_a_larger_picture():
    out = geometry.Pad([4, 5], fill=[1, 2, 3])(blank(2, 5)).image
    assert (out[:2] == 0).all() and (out[2:] == [1, 2, 3]).all()
    with pytest.raises(ConfigError, match="Resize first"):
        geometry.Pad(4)(blank(5, 4))


def test_random_resized_crop_stays_within_its_ranges():
    step = geometry.RandomResizedCrop(32, scale=(0.2, 0.6), ratio=(0.5, 2.0))
    rng = np.random.default_rng(0)
    windows = np.array([step._window(300, 400, rng) for _ in range(2000)])
    top, left, height, width = windows.T
    area, ratio = height * width / (300 * 400), width / height
    assert (top >= 0).all() and (left >= 0).all() and (top + height <= 300).all() and (left + width <= 400).all()
    assert 0.19 < area.min() < 0.22 and 0.55 < area.max() < 0.61  # rounding to pixels aside
    assert 0.48 < ratio.min() < 0.6 and 1.8 < ratio.max() < 2.05
    # A uniform share of the area has the mean 0.4; log-uniform ratios the median 1. Large windows that
    # do not fit are drawn again, which lowers the mean a little.
    assert abs(area.mean() - 0.4) < 0.03 and abs(np.median(ratio) - 1) < 0.1


def test_random_resized_crop_reaches_every_corner():
    step, rng = geometry.RandomResizedCrop(8, scale=(0.5, 0.5), ratio=(1.0, 1.0)), np.random.default_rng(0)
    tops = {step._window(8, 8, rng)[0] for _ in range(100)}
    assert tops == {0, 1, 2}  # a 6 x 6 window (rounded from 5.7) has three places


@pytest.mark.parametrize("size", [(2, 500), (500, 2), (1, 1)])
def test_thin_pictures_get_the_largest_centred_window(size):
    step = geometry.RandomResizedCrop(8, scale=(1.0, 1.0))
    top, left, height, width = step._window(*size, np.random.default_rng(0))
    short = min(size)
    assert height <= 4 / 3 * short + 1 and width <= 4 / 3 * short + 1 and min(height, width) == short
    assert abs(2 * top + height - size[0]) <= 1 and abs(2 * left + width - size[1]) <= 1


def test_random_crop_without_room_is_the_picture():
    image = np.random.default_rng(0).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    assert np.array_equal(geometry.RandomCrop(6)(Sample(image), np.random.default_rng(0)).image, image)


def test_random_crop_with_padding_shifts_the_picture():
    step = geometry.RandomCrop(6, padding=2)
    image = np.full((6, 6, 3), 9, np.uint8)
    shares = {int((step(Sample(image), np.random.default_rng(i)).image == 9).sum()) for i in range(60)}
    assert max(shares) == 108 and min(shares) == 48  # all of it, and the 4 x 4 x 3 that a shift by 2 leaves


def test_flip_probability():
    image = np.zeros((1, 2, 3), np.uint8)
    image[0, 0] = 1
    rng = np.random.default_rng(0)
    flipped = sum(int(geometry.Flip(0.3)(Sample(image), rng).image[0, 1, 0]) for _ in range(1000))
    assert 250 < flipped < 350  # 300 expected, standard deviation 14.5


def test_rotation_by_nothing_is_the_identity():
    image = np.random.default_rng(0).integers(0, 256, (5, 8, 3), dtype=np.uint8)
    assert np.array_equal(geometry.Rotate(0)(Sample(image), np.random.default_rng(0)).image, image)
