"""The contact sheet of the worst mistakes."""

import numpy as np
import pytest

from ppmobile.errors import DataError
from ppmobile.explain.gallery import FRAME, GAP, NEITHER, RIGHT, SIDE, WRONG, gallery, mistakes, percent
from ppmobile.files import read_image, write_image


@pytest.fixture
def pictures(tmp_path):
    """Five plain pictures, each in its own grey and shape."""
    paths = [tmp_path / f"图片 é{i}.png" for i in range(5)]
    for i, path in enumerate(paths):
        write_image(path, np.full((20 + 30 * i, 40, 3), 40 * i, np.uint8))
    return paths


def middle(sheet, row_top, column):
    return sheet[row_top + SIDE // 2, GAP + column * (SIDE + GAP) + SIDE // 2]


def test_pictures_stand_row_by_row_in_their_frames(pictures, tmp_path):
    items = [(path, f"picture {i}", (WRONG, RIGHT, None, None, None)[i]) for i, path in enumerate(pictures)]
    target = tmp_path / "sheet 图.png"
    gallery(items, target, columns=3)
    sheet = read_image(target)
    assert sheet.shape[1] == 3 * (SIDE + GAP) + GAP
    assert [middle(sheet, GAP, i)[0] for i in range(3)] == [0, 40, 80]
    for i, color in enumerate([WRONG, RIGHT, NEITHER]):
        assert tuple(sheet[GAP + FRAME // 2, GAP + i * (SIDE + GAP) + 50]) == color
    second = len(sheet) - (len(sheet) - GAP) // 2
    assert [middle(sheet, second, i)[0] for i in range(3)] == [120, 160, 255], "the third place of row two is empty"
    caption = sheet[GAP + SIDE : second, GAP : GAP + SIDE]
    assert caption.min() < 60, "no caption"


def test_few_pictures_make_a_narrow_sheet(pictures, tmp_path):
    gallery([(pictures[0], "one", WRONG)], tmp_path / "sheet.png", columns=5)
    assert read_image(tmp_path / "sheet.png").shape[1] == SIDE + 2 * GAP


def test_captions_of_mistakes():
    items = mistakes([(2, 0, 1, 0.931)], ["a.jpg", "b.jpg", "c.jpg"], ["cats", "dogs"])
    assert items == [("c.jpg", "true cats -> dogs, 93 %", WRONG)]


@pytest.mark.parametrize(
    "probability, text", [(0.5, "50 %"), (0.931, "93 %"), (0.9951, "99.5 %"), (0.99999, "99.9 %"), (1.0, "100 %")]
)
def test_percent_is_never_rounded_up_to_certainty(probability, text):
    assert percent(probability) == text


@pytest.mark.parametrize("count", [0, 401])
def test_too_few_or_too_many(count, pictures, tmp_path):
    with pytest.raises(DataError, match=f"1 to 400 pictures, not {count}"):
        gallery([(pictures[0], "x", WRONG)] * count, tmp_path / "sheet.png")


def test_a_broken_picture_leaves_no_sheet(pictures, tmp_path):
    pictures[1].write_bytes(b"no picture")
    with pytest.raises(DataError, match="é1.png"):
        gallery([(path, "x", WRONG) for path in pictures], tmp_path / "sheet.png")
    assert not (tmp_path / "sheet.png").exists()
