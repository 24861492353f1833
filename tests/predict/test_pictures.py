"""What counts as a picture and what as many, and each kind of array that becomes RGB or is refused with advice."""

import numpy as np
import pytest

from ppmobile.errors import DataError
from ppmobile.files import write_image
from ppmobile.predict import pictures

RGB = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


def test_arrays_of_all_kinds_become_rgb():
    rgba = np.dstack([RGB, np.full((2, 4), 7, np.uint8)])
    for array in (RGB, rgba, RGB[:, ::-1][:, ::-1]):
        read = pictures.read(array)
        assert np.array_equal(read, RGB) and read.flags["C_CONTIGUOUS"]
    grey = RGB[:, :, 0]
    for array in (grey, grey[:, :, None]):
        assert np.array_equal(pictures.read(array), np.dstack([grey] * 3))


@pytest.mark.parametrize("array, message", [
    (RGB / 255.0, "an array of float64, expected uint8 RGB .*; for values 0..1 write"),
    (RGB.astype(np.int64), "an array of int64, expected uint8"),
    (RGB > 3, "an array of bool"),
    (RGB[None], r"an array \[1, 2, 4, 3\], expected .*; for a batch give a list"),
    (np.zeros((3, 5, 6), np.uint8), r"an array \[3, 5, 6\], expected .*; write image.transpose\(1, 2, 0\)"),
    (np.zeros((4, 5, 2), np.uint8), r"an array \[4, 5, 2\], expected"),
    (np.zeros((0, 5, 3), np.uint8), r"an empty array \[0, 5, 3\]"),
    (np.uint8(3) * np.ones(4, np.uint8), r"an array \[4\], expected"),
    (5, "a int is no picture"), (None, "a NoneType is no picture; give a path"),
])
def test_what_is_refused(array, message):
    with pytest.raises(DataError, match=message) as error:
        pictures.read(array)
    assert "\n" not in str(error.value)


def test_paths_and_bytes(tmp_path):
    file = tmp_path / "图片 é [1].png"
    write_image(file, RGB)
    for source in (file, str(file), file.read_bytes(), bytearray(file.read_bytes()), memoryview(file.read_bytes())):
        assert pictures.is_one(source) and np.array_equal(pictures.read(source), RGB)
    assert pictures.name_of(file) == str(file) and pictures.name_of(file.read_bytes()) == ""


def test_one_or_many(tmp_path):
    for name in ("b.png", "sub/a.png"):
        write_image(tmp_path / name, RGB)
    assert not any(map(pictures.is_one, (tmp_path, f"{tmp_path}/*.png", [RGB], (RGB,), iter([RGB]))))
    assert [p.name for p in pictures.each(tmp_path)] == ["b.png", "a.png"]
    assert [p.name for p in pictures.each(f"{tmp_path}/**/*.png")] == ["b.png", "a.png"]
    assert list(pictures.each([1, "x"])) == [1, "x"] and list(pictures.each("no such.png")) == ["no such.png"]


@pytest.mark.parametrize("source", [{"a": 1}, 5, None, {RGB.tobytes()}])
def test_what_is_no_source_at_all(source):
    with pytest.raises(DataError, match="is no picture; give a path, .*, or a list, a folder or a pattern of those"):
        pictures.each(source)


@pytest.mark.parametrize("error, text", [
    (DataError("x.png: broken\nbadly"), "x.png: broken badly"), (pictures._refusal("broken"), "broken")])
def test_a_complaint_is_one_line(error, text):
    assert pictures.complaint(error) == text
