"""Boxes drawn on a picture: lines where the boxes are, tags inside the picture and apart, one colour a class."""

import colorsys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.explain.draw_boxes import color_of, draw_boxes, ink_on, place_tag

GREY = 90


def drawn(boxes, labels=None, texts=None, height=480, width=640):
    image = np.full((height, width, 3), GREY, np.uint8)
    out = draw_boxes(image, boxes, labels or [0] * len(boxes), texts or [""] * len(boxes))
    assert (image == GREY).all() and out.dtype == np.uint8
    return out


def test_the_line_lies_on_the_borders_of_the_box():
    out = drawn([(100, 50, 300, 250)])
    rows, columns = np.nonzero((out != GREY).any(axis=2))
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (100, 50, 299, 249)
    assert (out[60:240, 110:290] == GREY).all() and tuple(out[150, 100]) == color_of(0)


def test_the_line_grows_with_the_picture():
    def width(side):
        return int((drawn([(0, 0, side, side)], height=side, width=side)[side // 2, :side // 2] != GREY).any(1).sum())

    assert width(480) == 2 and width(1600) == 8


def test_small_pictures_are_enlarged_with_their_boxes():
    out = drawn([(20, 10, 60, 50)], height=80, width=100)
    rows, columns = np.nonzero((out != GREY).any(axis=2))
    assert out.shape == (400, 500, 3)
    assert (columns.min(), rows.min(), columns.max(), rows.max()) == (100, 50, 299, 249)


@pytest.mark.parametrize("box", [
    (-50, -50, 700, 500), (639, 479, 640, 480), (0, 0, 0, 0), (5, 5, 4, 4), (700, 0, 900, 9)])
def test_odd_boxes_do_no_harm(box):
    assert drawn([box], texts=["cat 50%"]).shape == (480, 640, 3)


def test_no_boxes():
    assert (drawn([]) == GREY).all()


def test_the_tag_is_in_the_colour_of_the_class_and_written_on():
    out = drawn([(100, 100, 300, 250)], [1], ["猫 cat 93%"])
    tag = out[84:100, 102:150].reshape(-1, 3)
    assert (tag == color_of(1)).all(1).mean() > 0.3 and (tag == ink_on(color_of(1))).all(1).sum() > 20


def test_the_surest_lies_on_top():
    out = drawn([(100, 100, 200, 200), (100, 100, 200, 200)], [3, 4])
    assert tuple(out[150, 100]) == color_of(3)


def test_colours_are_fixed_and_far_from_each_other():
    colors = [color_of(label) for label in range(80)]
    assert len(set(colors)) == 80 and colors[0] == (230, 25, 75)
    distance = np.abs(np.int32(colors[:12])[:, None] - np.int32(colors[:12])).sum(-1) + 999 * np.eye(12, dtype=int)
    assert distance.min() > 60
    assert all(colorsys.rgb_to_hsv(*np.array(color) / 255)[1] > 0.2 for color in colors), "grey is hard to see"


@pytest.mark.parametrize("color, ink", [
    ((255, 255, 0), 0), ((0, 0, 200), 255), ((230, 25, 75), 255), ((210, 245, 60), 0)])
def test_ink_is_what_can_be_read(color, ink):
    assert ink_on(color) == (ink,) * 3


SIZE = (480, 640)
side = st.integers(0, 480)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(side, side, side, side), min_size=1, max_size=12))
def test_tags_stay_inside_and_the_first_two_never_cover_each_other(corners):
    taken = np.zeros((0, 4))
    for x, y, w, h in corners:
        tag = place_tag((x, y, x + w, y + h), (80.5, 16), taken, SIZE, 2)
        assert (tag[:2] >= 0).all() and tag[2] <= SIZE[1] and tag[3] <= SIZE[0]
        assert (tag[2:] - tag[:2]).tolist() == [81, 16]
        taken = np.vstack([taken, tag])
    if len(taken) > 1:
        low, high = np.maximum(*taken[:2, :2]), np.minimum(*taken[:2, 2:])
        assert (high - low).clip(0).prod() == 0


@pytest.mark.parametrize("box, corner", [
    ((100, 100, 300, 300), (100, 85)),  # above
    ((100, 0, 300, 300), (100, 0)),  # no room above: at the upper edge
    ((600, 100, 640, 300), (560, 85)),  # at the right border: aligned with the right edge
])
def test_where_a_tag_goes(box, corner):
    assert place_tag(box, (80, 16), np.zeros((0, 4)), SIZE, 2)[:2].tolist() == list(corner)


def test_a_tag_larger_than_the_picture():
    assert place_tag((0, 0, 9, 9), (900, 16), np.zeros((0, 4)), SIZE, 2)[:2].tolist() == [0, 0]
