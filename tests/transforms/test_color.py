"""Random colour changes stay within their amounts."""

import numpy as np

from ppmobile.data.sample import Sample
from ppmobile.transforms.color import ColorJitter


def test_no_amounts_leave_the_picture_alone():
    image = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    still = ColorJitter(brightness=0.0, contrast=0.0, saturation=0.0)
    assert np.array_equal(still(Sample(image), np.random.default_rng(1)).image, image)


def test_brightness_stays_within_its_amount():
    image = np.full((2, 2, 3), 100, np.uint8)
    step, rng = ColorJitter(brightness=0.3, contrast=0.0, saturation=0.0), np.random.default_rng(0)
    values = [int(step(Sample(image), rng).image[0, 0, 0]) for _ in range(300)]
    assert 69 <= min(values) < 75 and 125 < max(values) <= 130


def test_saturation_of_more_than_one_never_inverts_the_colours():
    image = np.zeros((1, 1, 3), np.uint8) + np.uint8([200, 50, 50])
    step, rng = ColorJitter(brightness=0.0, contrast=0.0, saturation=3.0), np.random.default_rng(0)
    for _ in range(100):
        red, green, blue = step(Sample(image), rng).image[0, 0].astype(int)
        assert red >= green and green == blue


def test_hue_keeps_the_brightest_channel_value():
    image = np.zeros((1, 1, 3), np.uint8) + np.uint8([200, 50, 50])
    step, rng = ColorJitter(brightness=0.0, contrast=0.0, saturation=0.0, hue=0.5), np.random.default_rng(0)
    outcomes = [step(Sample(image), rng).image[0, 0] for _ in range(50)]
    assert {int(o.max()) for o in outcomes} == {200} and len({int(o.argmax()) for o in outcomes}) == 3


def test_each_of_the_four_has_its_own_probability():
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    given = {"brightness": 0.5, "contrast": 0.5, "saturation": 0.5, "hue": 0.05}
    for amounts, untouched in ((given, 1 / 16), ({**given, "contrast": 0.0, "saturation": 0.0, "hue": 0.0}, 1 / 2)):
        step = ColorJitter(**amounts, p=0.5)
        same = [np.array_equal(step(Sample(image), np.random.default_rng(i)).image, image) for i in range(400)]
        assert abs(np.mean(same) - untouched) < 0.08  # 4 standard deviations or more
    assert np.array_equal(ColorJitter(**given, p=0.0)(Sample(image), np.random.default_rng(0)).image, image)
