"""Normalisation against its formula, and the layout that a network takes."""

import numpy as np
import pytest

from ppmobile.data.sample import Sample
from ppmobile.transforms.tensor import IMAGENET_MEAN, IMAGENET_STD, Normalize, ToCHW


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (16, 20)])
def test_normalize_equals_the_formula_bit_for_bit(size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    expected = image.astype(np.float32) * np.float32(1 / 255)
    expected = (expected - np.float32(IMAGENET_MEAN)) / np.float32(IMAGENET_STD)
    out = Normalize()(Sample(image)).image
    assert out.dtype == np.float32 and out.shape == image.shape and np.array_equal(out, expected)


def test_options_and_pixels_of_a_strided_view():
    image = np.random.default_rng(0).integers(0, 256, (9, 9, 3), dtype=np.uint8)[1:7:2, ::-1]
    out = Normalize(mean=[1, 2, 3], std=[2, 4, 8], scale=1.0)(Sample(image)).image
    assert np.array_equal(out, (image.astype(np.float32) - [1, 2, 3]) / [2, 4, 8])


def test_float_pictures_take_the_formula():
    image = np.float32([[[0.5, 10, 255]]])
    assert np.allclose(Normalize(mean=[0, 0, 0], std=[1, 1, 1])(Sample(image)).image, image / 255)


def test_to_chw_is_contiguous_and_free_behind_normalize():
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    normal = Normalize()(Sample(image))
    out = ToCHW()(normal).image
    assert out.shape == (3, 4, 5) and out.flags.c_contiguous and np.shares_memory(out, normal.image)
    assert np.array_equal(out, normal.image.transpose(2, 0, 1))


def test_to_chw_alone_gives_float_levels():
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    out = ToCHW()(Sample(image)).image
    assert out.dtype == np.float32 and np.array_equal(out, image.transpose(2, 0, 1))
