"""Each pixel operation against Pillow, the library in which the published policies were found."""

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from ppmobile.transforms import operations

EXACT = {
    "posterize": [(ImageOps.posterize, bits) for bits in (1, 4, 6, 8)],
    "solarize": [(ImageOps.solarize, threshold) for threshold in (0, 1, 128, 256)],
    "invert": [(ImageOps.invert,)],
    "autocontrast": [(ImageOps.autocontrast,)],
    "equalize": [(ImageOps.equalize,)],
}
ENHANCERS = {"brightness": ImageEnhance.Brightness, "contrast": ImageEnhance.Contrast, "color": ImageEnhance.Color,
             "sharpness": ImageEnhance.Sharpness}  # fmt: skip


def pictures():
    """Noise, a dull smooth one, one grey value, a single pixel, a row, a column, two rows."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:40, 0:50]
    dull = np.stack([60 + x, 90 + y, 100 + (x + y) // 3], axis=2).astype(np.uint8)
    noise = rng.integers(0, 256, (33, 47, 3), dtype=np.uint8)
    return [noise, dull, np.full((8, 8, 3), 77, np.uint8), noise[:1, :1], noise[:1], noise[:, :1], noise[:2]]


@pytest.mark.parametrize("name", EXACT)
def test_look_up_operations_equal_pillow(name):
    for function, *options in EXACT[name]:
        for image in pictures():
            expected = np.asarray(function(Image.fromarray(image), *options))
            assert np.array_equal(getattr(operations, name)(np.ascontiguousarray(image), *options), expected)


@pytest.mark.parametrize("name", ENHANCERS)
@pytest.mark.parametrize("factor", [0.0, 0.1, 0.5, 1.0, 1.4, 1.9])
def test_blends_equal_pillow_within_rounding(name, factor):
    for image in pictures():
        image = np.ascontiguousarray(image)
        expected = np.asarray(ENHANCERS[name](Image.fromarray(image)).enhance(factor)).astype(int)
        ours = getattr(operations, name)(image, factor)
        # Pillow rounds the grey or smooth picture first and cuts the blend; we round once
        assert ours.dtype == np.uint8 and np.abs(ours - expected).max() <= 1


def test_hue_turns_red_to_green_to_blue_and_keeps_grey():
    image = np.uint8([[[255, 0, 0], [90, 90, 90]]])
    assert np.abs(operations.hue(image, 1 / 3).astype(int) - [[[0, 255, 0], [90, 90, 90]]]).max() <= 6
    assert np.abs(operations.hue(image, -1 / 3).astype(int) - [[[0, 0, 255], [90, 90, 90]]]).max() <= 6


def test_hue_by_nothing_changes_next_to_nothing():
    noise = pictures()[0]
    assert np.abs(operations.hue(noise, 0.0).astype(int) - noise).mean() < 2  # 8-bit HSV and back
