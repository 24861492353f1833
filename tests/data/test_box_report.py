"""Boxes in the net's input, and lists of names: by hand."""

import numpy as np

from ppmobile.data.box_report import NAMED, input_line, listed


def test_boxes_that_the_net_can_see():
    sizes = np.float64([[10, 40]] * 3)
    assert input_line(sizes, "abc") == (
        "in the net's input a training box is 10 to 10 px wide, median 10; 40 to 40 px high, median 40 "
        "(without the outer 5 %)")


def test_boxes_that_it_cannot_see_name_the_first_picture():
    sizes = np.float64([[10, 40], [4, 4], [9, 3.9], [1, 50]])
    assert input_line(sizes, ["a", "b", "c", "d"]).splitlines()[1] == (
        "too small: 2 of 4 boxes are below 4 px wide or high there, the first in c; take a larger input, or expect "
        "to miss them")


def test_long_lists_are_cut():
    assert listed(["a", "b"]) == "a, b"
    assert listed("x" * (NAMED + 3)) == ", ".join("x" * NAMED) + " and 3 more"
