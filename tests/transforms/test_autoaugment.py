"""The policies' operations: directions and amounts against Pillow, boxes with the pixels, the published table."""

import numpy as np
import pytest
from PIL import Image

from ppmobile.data.sample import Sample
from ppmobile.transforms import autoaugment
from ppmobile.transforms.autoaugment import AutoAugment, RandAugment, operate


def smooth():
    """(64, 80, 3) without sharp edges: OpenCV places samples to 1/32 pixel, Pillow exactly."""
    y, x = np.mgrid[0:64, 0:80]
    return np.stack([128 + 60 * np.sin(x / 9), 128 + 60 * np.cos(y / 7), (x + y) * 1.5], axis=2).astype(np.uint8)


# Pillow's AFFINE maps output points to input points: the inverse of ours, hence the turned signs.
INVERSES = {"ShearX": (1, -0.15, 0, 0, 1, 0), "ShearY": (1, 0, 0, -0.15, 1, 0),
            "TranslateX": (1, 0, -80 * 75 / 331, 0, 1, 0), "TranslateY": (1, 0, 0, 0, 1, -64 * 75 / 331)}  # fmt: skip


def assert_close_inside(ours, pillow):
    hidden = (np.asarray(pillow) == 0).all(axis=2)  # Pillow's fill, and a rim where the edge rules differ
    inside = ~hidden
    for shift in (-1, 1):
        inside &= ~np.roll(hidden, shift, 0) & ~np.roll(hidden, shift, 1)
    inside[[0, -1]] = inside[:, [0, -1]] = False
    assert inside.mean() > 0.5
    assert np.abs(ours.astype(int) - np.asarray(pillow))[inside].max() <= 2


@pytest.mark.parametrize("name", INVERSES)
def test_moves_equal_pillow(name):
    image = smooth()
    pillow = Image.fromarray(image).transform((80, 64), Image.AFFINE, INVERSES[name], Image.BILINEAR)
    assert_close_inside(operate(Sample(image), name, 0.5, 1).image, pillow)


@pytest.mark.parametrize("sign", [1, -1])
def test_rotation_equals_pillow(sign):
    image = smooth()
    pillow = Image.fromarray(image).rotate(sign * 15, Image.BILINEAR)
    assert_close_inside(operate(Sample(image), "Rotate", 0.5, sign).image, pillow)


def test_levels_reach_the_published_ranges():
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 256, 1).repeat(3, axis=2)

    def values(name, level):
        return operate(Sample(ramp), name, level).image[0, :, 0]

    assert len(set(values("Posterize", 1.0))) == 16 and len(set(values("Posterize", 0.0))) == 256  # 4 and 8 bits
    assert np.array_equal(values("Solarize", 1.0), 255 - ramp[0, :, 0])  # threshold 0: all inverted
    assert np.array_equal(values("Solarize", 0.0), ramp[0, :, 0])  # threshold 256: nothing
    assert values("Brightness", 1.0)[100] == 190 and operate(Sample(ramp), "Brightness", 1.0, -1).image[0, 100, 0] == 9


@pytest.mark.parametrize("name", ["Color", "Contrast", "Brightness", "Sharpness", "ShearX", "TranslateY", "Rotate"])
def test_level_zero_is_the_identity(name):
    assert np.array_equal(operate(Sample(smooth()), name, 0.0).image, smooth())


def test_boxes_follow_the_moves():
    sample = Sample(smooth(), boxes=np.float32([[20, 20, 40, 40]]), labels=np.int64([1]))
    shift = 80 * 150 / 331
    assert np.allclose(operate(sample, "TranslateX", 1.0).boxes, [[20 + shift, 20, 40 + shift, 40]], atol=1e-4)
    assert np.allclose(operate(sample, "ShearX", 1.0).boxes, [[26, 20, 52, 40]], atol=1e-4)  # x + 0.3 y of the corners
    assert operate(sample, "Invert", 1.0).boxes is sample.boxes


def test_the_policy_table_has_the_published_form():
    rows = autoaugment.IMAGENET_POLICY
    assert len(rows) == 25 and all(len(row) == 2 for row in rows)  # arXiv:1805.09501, table 9
    assert all(0 <= p <= 1 and 0 <= level <= 9 for row in rows for name, p, level in row)
    names = [name for row in rows for name, _, _ in row]
    # counted by hand in the printed table, where no row shifts or brightens
    assert {n: names.count(n) for n in ("Equalize", "Rotate", "Invert", "Posterize")} == {
        "Equalize": 17, "Rotate": 6, "Invert": 3, "Posterize": 5}  # fmt: skip


def test_rand_augment_draws_all_its_fourteen_operations(monkeypatch):
    seen = []
    monkeypatch.setattr(autoaugment, "operate", lambda sample, name, level, sign: seen.append((name, level)) or sample)
    step, rng = RandAugment(num=3, magnitude=9), np.random.default_rng(0)
    for _ in range(100):
        step(Sample(smooth()), rng)
    assert len(seen) == 300 and len({name for name, _ in seen}) == 14 and {level for _, level in seen} == {0.9}


def test_nothing_to_do():
    sample = Sample(smooth())
    assert AutoAugment(p=0.0)(sample, np.random.default_rng(0)) is sample
    assert RandAugment(num=0)(sample, np.random.default_rng(0)) is sample
