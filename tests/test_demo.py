"""The parts of `make demo` that are not commands: copies named by their class, and the overview of the answers."""

from pathlib import Path

import pytest

from ppmobile import demo
from ppmobile.explain.gallery import RIGHT, WRONG


def test_copies_carry_their_class_and_do_not_overwrite_each_other(tmp_path):
    sources = [tmp_path / "图 é" / name for name in ("7/0043.png", "3/0043.png")]
    for source in sources:
        source.parent.mkdir(parents=True)
        source.write_bytes(source.parent.name.encode())
    for _ in range(2):  # a second demo finds the copies of the first
        copies = demo.copy_pictures([str(source) for source in sources], tmp_path / "a" / "b")
    assert [copy.name for copy in copies] == ["true_7_0043.png", "true_3_0043.png"]
    assert [copy.read_bytes() for copy in copies] == [b"7", b"3"]


@pytest.mark.parametrize("name, caption, color", [("7", "7, 86 %", RIGHT), ("3", "3, 86 % (true 7)", WRONG)])
def test_right_answers_are_green_and_wrong_ones_red(name, caption, color):
    path = Path("demo/pictures/true_7_0043.png")
    assert demo.cell_of(path, name, 0.86) == (path, caption, color)
