"""The answer for one picture: its parts, its text, and the drawing. (Numbers by hand.)"""

import numpy as np
import pytest

from ppmobile.errors import DataError
from ppmobile.files import read_image, write_image
from ppmobile.predict import Classification, Timing

SCORES = np.array([0.125, 0.625, 0.25], np.float32)


def answer(source=None, topk=2):
    return Classification(SCORES, ("猫", "dog", "fox"), topk, source, timing=Timing(1, 2, 3, 4))


def test_the_parts():
    result = answer()
    assert (result.index, result.name, result.score) == (1, "dog", 0.625)
    assert result.top == [("dog", 0.625), ("fox", 0.25)] and result.lines == ["dog 62.5%", "fox 25.0%"]
    assert result.timing.total == 10 and result.path == "" and result.error == ""
    assert repr(result) == "<dog 62.5%, fox 25.0%>" and repr(answer("猫.png", 1)) == "<猫.png: dog 62.5%>"


def test_without_an_answer():
    result = Classification(source="x.png", error="the file is empty")
    assert (result.index, result.name, result.score, result.top) == (None, None, None, [])
    assert result.probabilities is None and repr(result) == "<x.png: error: the file is empty>"
    with pytest.raises(DataError, match="x.png: there is no answer to draw: the file is empty"):
        result.draw("out.png")


def test_the_drawing_shows_the_picture_with_text_below(tmp_path):
    image = np.full((220, 240, 3), 90, np.uint8)
    write_image(tmp_path / "图.png", image)
    sources = (tmp_path / "图.png", (tmp_path / "图.png").read_bytes(), image)
    drawn = []
    for number, source in enumerate(sources):
        answer(source).draw(tmp_path / "out" / f"{number}.png")
        drawn.append(read_image(tmp_path / "out" / f"{number}.png"))
    assert np.array_equal(drawn[0][:220], image) and len(drawn[0]) > 240
    assert all(np.array_equal(one, drawn[0]) for one in drawn)


def test_two_results_compare_without_an_error():
    assert (answer() == answer()) is False
