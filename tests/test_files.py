"""Reading pictures of all kinds and faults, and writing files whole or not at all."""

import errno
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ppmobile import files
from ppmobile.errors import DataError, PPMobileError

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"


@pytest.fixture
def rgb():
    """(30, 40, 3): a smooth ramp with different channels, so that a swap or a turn shows."""
    y, x = np.mgrid[0:30, 0:40]
    return np.stack([x * 6, y * 8, 255 - x * 3], axis=2).astype(np.uint8)


def encoded(rgb, kind, mode="RGB", **options):
    buffer = io.BytesIO()
    Image.fromarray(rgb).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["图片 é.png", "a.bmp", "b.TIFF", "dir with space/ü.png"])
def test_lossless_formats_come_back_unchanged_under_any_name(tmp_path, rgb, name):
    files.write_image(tmp_path / name, rgb)
    assert np.array_equal(files.read_image(str(tmp_path / name)), rgb)
    assert np.array_equal(np.asarray(Image.open(tmp_path / name)), rgb)  # Pillow agrees on the channel order


@pytest.mark.parametrize("name", ["图片 é.jpg", "a.jpeg", "a.webp"])
def test_lossy_formats_come_back_nearly(tmp_path, rgb, name):
    files.write_image(tmp_path / name, rgb)
    assert np.abs(files.read_image(tmp_path / name).astype(int) - rgb).mean() < 4


def test_exif_orientation_is_applied(rgb):
    exif = Image.Exif()
    exif[0x0112] = 6  # "the top row is the right side": turn clockwise to see it upright
    turned = files.decode_image(encoded(rgb, "PNG", exif=exif))
    assert np.array_equal(turned, np.rot90(rgb, -1))
    assert files.decode_image(encoded(rgb, "JPEG", exif=exif)).shape == (40, 30, 3)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA"])
def test_other_modes_become_rgb_as_in_pillow(rgb, mode):
    data = encoded(rgb, "PNG", mode)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    assert np.array_equal(files.decode_image(data), expected)


def test_cmyk_jpeg_is_close_to_pillow(rgb):
    data = encoded(rgb, "JPEG", "CMYK", quality=95)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert np.abs(files.decode_image(data) - expected).mean() < 3


def test_sixteen_bits_keep_the_high_byte():
    deep = (np.arange(256, dtype=np.uint16) * 256 + 77).reshape(16, 16)
    buffer = io.BytesIO()
    Image.fromarray(deep).save(buffer, "PNG")
    image = files.decode_image(buffer.getvalue())
    assert image.dtype == np.uint8 and np.array_equal(image[:, :, 1].ravel(), np.arange(256))


def faults():
    """{file name: (bytes, words of the message)}"""
    ramp = np.arange(60 * 80 * 3, dtype=np.uint32).reshape(60, 80, 3).astype(np.uint8)
    jpeg, png = encoded(ramp, "JPEG"), encoded(ramp, "PNG")
    gif = encoded(ramp, "GIF")
    frames = io.BytesIO()
    Image.fromarray(ramp).save(frames, "WEBP", save_all=True, append_images=[Image.fromarray(255 - ramp)])
    return {
        "empty.jpg": (b"", "empty"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "truncated JPEG"),
        "head.jpg": (jpeg[:3], "truncated JPEG"),
        "cut.png": (png[:-30], "truncated or damaged"),
        "gif.jpg": (gif, "GIF"),
        "moving.webp": (frames.getvalue(), "animated WebP"),
        "phone.jpg": (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC"),
        "text.jpg": ("<html>404 图</html>".encode(), "not a picture"),
        "bytes.png": (bytes(range(256)), "not a picture"),
    }


@pytest.mark.parametrize("name", list(faults()))
def test_a_bad_picture_is_named_with_its_reason_in_one_line(tmp_path, name):
    data, words = faults()[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DataError, match=words) as error:
        files.read_image(tmp_path / name)
    assert str(error.value).startswith(f"{tmp_path / name}: {error.value.reason}") and "\n" not in str(error.value)
    assert name not in error.value.reason and "dataset" not in error.value.reason


def test_missing_picture_and_folder_are_data_errors(tmp_path):
    with pytest.raises(DataError, match="no such picture"):
        files.read_image(tmp_path / "none.jpg")
    with pytest.raises(DataError, match="cannot be read"):
        files.read_image(tmp_path)


def test_a_cut_jpeg_is_noticed_behind_a_whole_thumbnail_and_bytes_after_the_end_are_harmless(rgb):
    thumbnail = b"\xff\xe1\x00\x0aExif\0\0\xff\xd9"  # a segment with an end marker of its own
    whole = encoded(rgb, "JPEG")
    whole = whole[:2] + thumbnail + whole[2:]
    assert files.decode_image(whole).shape == (30, 40, 3)
    assert files.decode_image(whole + b"trailer of a phone").shape == (30, 40, 3)
    with pytest.raises(DataError, match="truncated"):
        files.decode_image(whole[:-40])


def test_unknown_suffix_for_writing(tmp_path, rgb):
    with pytest.raises(PPMobileError, match="unknown picture format"):
        files.write_image(tmp_path / "a.jpx", rgb)


def test_list_images(tmp_path, rgb):
    for name in ("b.JPG", "a.png", "sub/图 1.jpeg", ".hidden.jpg", ".git/c.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = [p.relative_to(tmp_path).as_posix() for p in files.list_images(tmp_path)]
    assert found == ["a.png", "b.JPG", "sub/图 1.jpeg"]
    assert files.list_images(str(tmp_path / "*.png")) == [tmp_path / "a.png"]
    assert len(files.list_images(str(tmp_path / "**" / "*.jpeg"))) == 1
    assert files.list_images(tmp_path / "notes.txt") == [tmp_path / "notes.txt"]  # named explicitly
    for nothing in (tmp_path / "none", str(tmp_path / "*.bmp")):
        with pytest.raises(DataError):
            files.list_images(nothing)


def test_a_folder_with_brackets_in_its_name_is_a_folder(tmp_path):
    (tmp_path / "set [1]").mkdir()
    (tmp_path / "set [1]" / "a.jpg").write_bytes(b"x")
    assert len(files.list_images(tmp_path / "set [1]")) == 1


def test_texts_and_json_keep_unicode_and_numpy(tmp_path):
    files.write_text(tmp_path / "new" / "é.txt", "图\r\nb\n")
    assert (tmp_path / "new" / "é.txt").read_bytes() == "图\r\nb\n".encode()
    files.write_json(tmp_path / "a.json", {"a": np.float32(0.5), "b": np.arange(2), "c": tmp_path, "d": "图"})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"a": 0.5, "b": [0, 1], "c": str(tmp_path), "d": "图"} and "图" in text


def test_sha256_of_abc(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")  # expected: the one-block example of FIPS 180-2
    assert files.sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    with pytest.raises(PPMobileError, match="cannot be read"):
        files.sha256(tmp_path / "b")


@pytest.mark.parametrize("error, seen", [
    (ValueError("body"), ValueError), (KeyboardInterrupt(), KeyboardInterrupt),
    (OSError(errno.ENOSPC, "full"), PPMobileError),
])  # fmt: skip
def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path, error, seen):
    path = tmp_path / "a.npz"
    path.write_text("old")
    with pytest.raises(seen):
        with files.atomic_write(path) as temporary:
            assert temporary.suffix == ".npz" and temporary.parent == tmp_path
            temporary.write_text("half")
            raise error
    assert os.listdir(tmp_path) == ["a.npz"] and path.read_text() == "old"


def test_what_a_killed_writer_leaves_is_recognised_and_removed(tmp_path):
    code = "import os, sys; from ppmobile import files\nwith files.atomic_write(sys.argv[1]) as t:\n" \
           "    t.write_text('half'); os.kill(os.getpid(), 9)"
    names = ["last.safetensors", "图 é", "x" * 200 + ".png"]
    for name in names:
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], cwd=ROOT, check=False)
    left = sorted(tmp_path.iterdir())
    assert len(left) == len(names) and any(p.name.startswith(".last.tmp-") for p in left)
    assert {p.suffix for p in left} >= {".safetensors", ".png"}
    others = [".hidden.png", ".a.tmp-notes.txt", "a.tmp-0123456789ab.txt"]
    for name in others:
        (tmp_path / name).write_text("mine")
    (tmp_path / "sub").mkdir()
    for path in tmp_path.iterdir():
        os.utime(path, (1e9, 1e9))
    young = tmp_path / ".best.tmp-0123456789ab.safetensors"
    young.write_text("at work")
    assert files.remove_leftovers(tmp_path) == left
    assert sorted(os.listdir(tmp_path)) == sorted([*others, young.name, "sub"])
    assert files.remove_leftovers(tmp_path / "none") == []


@pytest.mark.parametrize("number, words", [
    (errno.ENOSPC, "disk is full"), (errno.EACCES, "permission denied"), (errno.EROFS, "read-only"),
    (errno.EIO, os.strerror(errno.EIO)),
])  # fmt: skip
def test_write_errors_say_what_to_do(tmp_path, monkeypatch, number, words):
    def fail(source, target):
        raise OSError(number, os.strerror(number), source, None, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(PPMobileError, match=words) as error:
        files.write_text(tmp_path / "a.txt", "text")
    assert "a.txt" in str(error.value) and "\n" not in str(error.value)
    assert os.listdir(tmp_path) == []


def test_a_file_in_the_way_and_a_folder_in_the_way(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    for path in ("file/a.txt", "file/b/a.txt", "folder", "x" * 300 + "/a"):
        with pytest.raises(PPMobileError, match="cannot be written"):
            files.write_text(tmp_path / path, "text")
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


def test_an_error_about_another_file_passes_through(tmp_path):
    with pytest.raises(FileNotFoundError):
        with files.atomic_write(tmp_path / "a"):
            (tmp_path / "elsewhere" / "missing").read_text()
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PPMobileError, match="permission denied"):
        files.write_text(tmp_path / "a.txt", "text")


def test_import_is_light():
    code = "import sys, ppmobile.files; sys.exit(any(m in sys.modules for m in ('cv2', 'numpy', 'PIL', 'paddle')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data sets are not here")
def test_real_jpegs_are_never_called_cut():
    for path in sorted((SHARED / "data").rglob("*.jpg"))[::40]:
        assert files.read_image(path).ndim == 3


def test_a_relative_path_s_message_tells_where_it_starts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert files.starting_point("a/b") == f" (relative paths start at the current directory: {tmp_path})"
    assert files.starting_point(tmp_path) == "" == files.starting_point("~/a")
