"""Labels below a picture: nothing hidden, nothing cut off, at any size."""

import numpy as np
import pytest

from ppmobile.explain import draw, fonts


def noise(height, width):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("height, width", [(200, 200), (224, 300), (64, 1500), (1500, 64)])
def test_the_picture_stays_and_the_text_fits(height, width):
    picture = noise(height, width)
    before = picture.copy()
    out = draw.label(picture, ["tabby cat 93 %", "Großkatze_with_a_long_name 4 %"])
    np.testing.assert_array_equal(picture, before)
    np.testing.assert_array_equal(out[:height], picture)
    strip = out[height:]
    assert out.shape[1] == width and out.dtype == np.uint8
    assert strip.min() < 60, "no ink"
    edges = [strip[0], strip[-1], strip[:, 0], strip[:, -1]]
    assert all((edge == 255).all() for edge in edges), "the text touches the edge"


def test_text_grows_with_the_picture_and_stays_readable():
    heights = [len(draw.label(noise(side, side), ["cat"])) - side for side in (200, 700, 2000)]
    assert heights == sorted(heights)
    assert heights[0] >= draw.SMALLEST_TEXT
    assert heights[2] > 2000 / 36


@pytest.mark.parametrize(
    "height, width, factor",
    [(8, 8, 25), (32, 32, 7), (199, 300, 2), (200, 300, 1), (100, 900, 2), (100, 1500, 1), (8, 2500, 1), (2500, 8, 8)],
)
def test_small_pictures_are_enlarged_by_a_whole_factor(height, width, factor):
    """To 200 pixels, but not beyond 2000 on the longer side; no narrower than 64, or no word would fit."""
    picture = noise(height, width)
    out = draw.label(picture, "7 99 %")
    assert out.shape[1] == factor * width
    middle = factor // 2
    np.testing.assert_array_equal(out[: factor * height][middle::factor, middle::factor], picture)


def test_each_line_adds_its_height():
    one, two = (len(draw.label(noise(200, 300), ["cat 9 %"] * n)) for n in (1, 2))
    assert draw.SMALLEST_TEXT <= two - one <= 2 * draw.SMALLEST_TEXT


def test_no_lines_give_a_copy():
    picture = noise(200, 210)
    out = draw.label(picture, [])
    np.testing.assert_array_equal(out, picture)
    assert not np.shares_memory(out, picture)


def test_letters_that_no_font_has_are_drawn_as_their_code():
    path = fonts.default_font()
    np.testing.assert_array_equal(
        draw.text_strip(["\U00010000"], 300, 16, path), draw.text_strip([r"\U00010000"], 300, 16, path)
    )


@pytest.mark.parametrize(
    "text, rows",
    [
        ("ab cd ef", ["ab cd", "ef"]),
        ("abcdefgh", ["abcde", "fgh"]),
        ("a bcdefgh i", ["a", "bcdef", "gh i"]),
        ("a bc 93 %", ["a bc", "93 %"]),  # the percent sign does not stand alone
        ("", [""]),
    ],
)
def test_wrap_at_five_letters(text, rows):
    assert draw.wrap(text, 5, len) == rows


def test_wrap_ends_where_not_even_a_letter_fits():
    assert draw.wrap("abc", 0, len) == ["a", "b", "c"]


@pytest.mark.parametrize("shape, where", [((20, 40), np.s_[10:30, :]), ((160, 80), np.s_[:, 10:30])])
def test_fitted_keeps_the_shape(shape, where):
    square = draw.fitted(np.zeros((*shape, 3), np.uint8), 40)
    expected = np.full((40, 40, 3), 255, np.uint8)
    expected[where] = 0
    np.testing.assert_array_equal(square, expected)
