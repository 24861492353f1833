"""Damaged JSON files and malformed entries end with one line that names the place."""

import pytest

from ppmobile.data.json_text import entry, read_json
from ppmobile.errors import DataError


def test_a_byte_order_mark_and_any_letters_are_fine(tmp_path):
    (tmp_path / "图 é.json").write_bytes("\ufeff{\"猫\": [1, NaN]}".encode())
    assert list(read_json(tmp_path / "图 é.json")) == ["猫"]


@pytest.mark.parametrize("content, message", [
    (b'{"images": [1,\n 2', r"x.json, line 2, column 3: is cut off or damaged \(Expecting ',' delimiter\); get it"),
    (b"", "x.json, line 1, column 1: is cut off"),
    (b"\xff\xfe\x00", r"x.json: is not a JSON text \(UnicodeDecodeError\)"),
    (b"[" * 100_000, r"x.json: is not a JSON text \(RecursionError\)"),
    (b"[1]", "x.json: holds a list, not an object"),
])
def test_damage_is_one_line(tmp_path, content, message):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(DataError, match=message) as error:
        read_json(tmp_path / "x.json")
    assert "\n" not in str(error.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match="x.json: cannot be read: No such file"):
        read_json(tmp_path / "x.json")


@pytest.mark.parametrize("act, message", [
    (lambda: {}["id"], "F: images\\[3\\] has no 'id'; add it"),
    (lambda: float("x"), "F: images\\[3\\] cannot be used \\(could not convert"),
    (lambda: [None][0]["id"], "F: images\\[3\\] cannot be used"),
    (lambda: int(float("inf")), "F: images\\[3\\] cannot be used"),
])
def test_what_python_says_of_an_entry_becomes_one_line(act, message):
    with pytest.raises(DataError, match=message):
        with entry("F", "images[3]"):
            act()
