"""Every fault a picture file can have is made here with Pillow and must be found with its right name."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from ppmobile.data.faults import inspect_picture, picture_size
from ppmobile.errors import DataError
from ppmobile.files import read_image

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 255, (40, 60, 3)).astype(np.uint8)


def kinds(path):
    """{kind: fatal} of a file; every reason is one line that says something."""
    faults = inspect_picture(path)["faults"]
    assert all(reason and "\n" not in reason for _, reason, _ in faults)
    return {kind: fatal for kind, _, fatal in faults}


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp", "tif"])
def test_a_good_picture_has_no_faults(tmp_path, suffix):
    path = tmp_path / f"图片 é.{suffix}"
    Image.fromarray(PIXELS).save(path)
    assert inspect_picture(path) == {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "width": 60, "height": 40, "faults": [],
    }


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # Pillow's, about a TIFF without its end
@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "webp", "tif"])
def test_a_cut_file_is_fatal_wherever_it_is_cut(tmp_path, suffix, capfd):
    path = tmp_path / f"x.{suffix}"
    Image.fromarray(PIXELS).save(path)
    data = path.read_bytes()
    for length in (len(data) - 2, len(data) // 2, 30, 4):
        path.write_bytes(data[:length])
        found = kinds(path)
        assert list(found.values()) == [True] and set(found) <= {"truncated", "broken"}
        with pytest.raises(DataError):  # the loader of training agrees
            read_image(path)
    capfd.readouterr()  # the decoders' own complaints


def test_a_cut_jpeg_is_called_truncated(tmp_path):
    path = tmp_path / "x.jpg"
    Image.fromarray(PIXELS).save(path)
    path.write_bytes(path.read_bytes()[:-300])
    assert kinds(path) == {"truncated": True}


def test_missing_empty_and_meaningless_files(tmp_path):
    assert kinds(tmp_path / "gone.jpg") == {"missing": True}
    (tmp_path / "empty.jpg").write_bytes(b"")
    assert kinds(tmp_path / "empty.jpg") == {"zero-byte": True}
    (tmp_path / "page.jpg").write_text("<html>404 Not Found</html>", encoding="utf-8")
    assert kinds(tmp_path / "page.jpg") == {"broken": True}
    (tmp_path / "folder.jpg").mkdir()
    assert kinds(tmp_path / "folder.jpg") == {"broken": True}


def test_animated_pictures_are_fatal(tmp_path):
    frames = [Image.fromarray(RNG.integers(0, 255, (20, 20, 3)).astype(np.uint8)) for _ in range(3)]
    for name in ("x.gif", "x.png", "x.webp"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        assert kinds(tmp_path / name)["animated"] is True
    (tmp_path / "x.jpg").write_bytes((tmp_path / "x.gif").read_bytes())
    assert kinds(tmp_path / "x.jpg") == {"misnamed": False, "animated": True}


def test_a_still_gif_cannot_be_decoded_by_training(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "x.gif")
    assert kinds(tmp_path / "x.gif") == {"broken": True}


def test_a_wrong_suffix_is_a_note(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "x.png", format="JPEG")
    facts = inspect_picture(tmp_path / "x.png")
    assert facts["faults"] == [["misnamed", "named .png, holds JPEG", False]] and facts["width"] == 60


@pytest.mark.parametrize("mode, suffix, expected", [
    ("CMYK", "jpg", {"cmyk"}), ("L", "jpg", {"grey"}), ("L", "png", {"grey"}), ("1", "png", {"grey"}),
    ("RGBA", "png", {"alpha"}), ("LA", "png", {"grey", "alpha"}), ("P", "png", set()),
])
def test_other_colour_modes_are_notes(tmp_path, mode, suffix, expected):
    source = Image.fromarray(PIXELS)
    (source.convert("L") if mode in ("1", "LA") else source).convert(mode).save(tmp_path / f"x.{suffix}")
    found = kinds(tmp_path / f"x.{suffix}")
    assert set(found) == expected and not any(found.values())
    assert read_image(tmp_path / f"x.{suffix}").shape == (40, 60, 3)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bits_are_a_note(tmp_path, suffix):
    Image.fromarray(PIXELS[:, :, 0].astype(np.uint16) * 257).save(tmp_path / f"x.{suffix}")
    assert kinds(tmp_path / f"x.{suffix}") == {"16-bit": False, "grey": False}


def test_sixteen_bit_colour_is_a_note(tmp_path):
    import cv2  # Pillow cannot write it

    cv2.imencode(".png", PIXELS.astype(np.uint16) * 257)[1].tofile(str(tmp_path / "x.png"))
    assert kinds(tmp_path / "x.png") == {"16-bit": False}


def test_exif_rotation_is_a_note_and_the_size_is_the_upright_one(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(PIXELS).save(tmp_path / "x.jpg", exif=exif)
    facts = inspect_picture(tmp_path / "x.jpg")
    assert [kind for kind, _, _ in facts["faults"]] == ["exif-rotated"]
    assert (facts["width"], facts["height"]) == (40, 60)
    exif[0x0112] = 1
    Image.fromarray(PIXELS).save(tmp_path / "upright.jpg", exif=exif)
    assert kinds(tmp_path / "upright.jpg") == {}


def test_the_word_on_exif_agrees_with_the_decoder(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    for suffix in ("jpg", "png", "tif", "webp"):
        path = tmp_path / f"x.{suffix}"
        Image.fromarray(PIXELS).save(path, exif=exif)
        turned = read_image(path).shape == (60, 40, 3)
        assert ("turned upright" in inspect_picture(path)["faults"][0][1]) == turned


def test_pages_and_tiny_pictures_are_notes(tmp_path):
    page = Image.fromarray(PIXELS)
    page.save(tmp_path / "x.tif", save_all=True, append_images=[page])
    assert kinds(tmp_path / "x.tif") == {"multi-page": False}
    Image.fromarray(PIXELS[:7, :20]).save(tmp_path / "x.png")
    assert kinds(tmp_path / "x.png") == {"tiny": False}
    Image.fromarray(PIXELS[:8, :8]).save(tmp_path / "y.png")
    assert kinds(tmp_path / "y.png") == {}


def test_the_size_in_the_header_is_that_of_the_decoded_picture(tmp_path):
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        for suffix in ("jpg", "png", "tif", "webp", "bmp"):
            path = tmp_path / f"图 {orientation}.{suffix}"
            Image.fromarray(PIXELS).save(path, **({} if suffix == "bmp" else {"exif": exif}))
            assert picture_size(path) == read_image(path).shape[1::-1]
    (tmp_path / "x.jpg").write_bytes(b"no picture")
    assert picture_size(tmp_path / "x.jpg") is None and picture_size(tmp_path / "gone.jpg") is None
