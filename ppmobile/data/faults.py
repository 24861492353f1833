"""What is wrong or unusual with one picture file, found before a training run stumbles over it."""

import hashlib
import io
from pathlib import Path

from ..errors import DataError
from ..files import decode_image

FORMATS = {
    ".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".bmp": "BMP", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF",
    ".gif": "GIF",
}
ANIMATED_FORMATS = ("GIF", "PNG", "WEBP")
TINY = 8  # pixels; smaller pictures are mostly thumbnails or markers
ORIENTATION = 0x0112  # EXIF tag
BITS_PER_SAMPLE = 258  # TIFF tag
TIFF_SIZE = (256, 257)  # TIFF tags of width and height


def inspect_picture(path):
    """The facts of one file as plain values, fit for JSON.

    {"sha256": of its bytes or "", "width", "height": pixels when upright, 0 if it cannot be decoded,
    "faults": [[kind, reason, fatal], ...]}. Fatal kinds: missing, zero-byte, animated, truncated, broken.
    Others are notes: misnamed, cmyk, 16-bit, exif-rotated, grey, alpha, multi-page, tiny.
    """
    facts = {"sha256": "", "width": 0, "height": 0, "faults": []}
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        return {**facts, "faults": [["missing", "no such file", True]]}
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        return {**facts, "faults": [["broken", f"cannot be read: {getattr(error, 'strerror', error)}", True]]}
    if not data:
        return {**facts, "faults": [["zero-byte", "the file is empty", True]]}
    facts["sha256"] = hashlib.sha256(data).hexdigest()
    facts["faults"] = look_inside(data, Path(path).suffix.lower())
    if not any(fatal for _, _, fatal in facts["faults"]):
        try:
            facts["height"], facts["width"] = decode_image(data, "").shape[:2]
        except DataError as error:
            reason = str(error)[len(": "):]
            facts["faults"].append(["broken", reason, True])
        else:
            if min(facts["height"], facts["width"]) < TINY:
                reason = f"{facts['width']}x{facts['height']} pixels"
                facts["faults"].append(["tiny", reason, False])
    return facts


def picture_size(path):
    """(width, height) in pixels of a picture file as training reads it, from its header alone; None if unreadable."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            # by its tags, for newer versions of Pillow turn the size of a TIFF themselves
            size = tuple(image.tag_v2[tag] for tag in TIFF_SIZE) if image.format == "TIFF" else image.size
            turned = image.format != "WEBP" and _orientation(image) in (5, 6, 7, 8)
            return size[::-1] if turned else size
    except Exception:  # Pillow's plugins raise almost anything; the scan will say what is wrong
        return None


def orientation(path):
    """The EXIF orientation by which reading turns a picture file, 1 (none) to 8; 1 if it cannot be read."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return 1 if image.format == "WEBP" else _orientation(image)
    except Exception:  # as in picture_size
        return 1


def look_inside(data, suffix):
    """[[kind, reason, fatal], ...] from the header and the completeness of an encoded picture.

    Pillow looks, because OpenCV hides what it repairs. What Pillow cannot open is left to the decoder of
    training, which has the last word.
    """
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(data))
    except Exception:  # Pillow's plugins raise almost anything on damaged headers
        return []
    faults = [[kind, reason, False] for kind, reason in header_notes(image, data, suffix)]
    if image.format in ANIMATED_FORMATS and getattr(image, "is_animated", False):
        faults.append(["animated", f"{image.n_frames} frames; save the frame you need as PNG or JPEG", True])
    elif _is_cut(image):
        faults.append(["truncated", "the file ends before the picture does; copy it again or remove it", True])
    return faults


def header_notes(image, data, suffix):
    """(kind, reason) of each peculiarity in the header of an opened Pillow image that training survives."""
    notes = []
    held = "JPEG" if image.format == "MPO" else image.format
    if suffix in FORMATS and held != FORMATS[suffix]:
        notes.append(("misnamed", f"named {suffix}, holds {held}"))
    if image.mode == "CMYK":
        notes.append(("cmyk", "CMYK colours, converted to RGB when read; check that they look right"))
    if _is_deep(image, data):
        notes.append(("16-bit", "more than 8 bits a channel, reduced to 8 when read"))
    orientation = _orientation(image)
    if orientation not in (0, 1):
        done = "which is ignored when read" if held == "WEBP" else "turned upright when read"
        notes.append(("exif-rotated", f"EXIF orientation {orientation}, {done}; boxes and masks must agree with that"))
    if image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I"):
        notes.append(("grey", f"grey ({image.mode}), read as RGB"))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        notes.append(("alpha", "has transparency, which is dropped when read"))
    if image.format == "TIFF" and getattr(image, "n_frames", 1) > 1:
        notes.append(("multi-page", f"{image.n_frames} pages, only the first is read"))
    return notes


def _is_cut(image):
    """Whether Pillow runs out of data in `image`; other trouble is left to the decoder of training."""
    image.draft("L", (1, 1))  # a JPEG is then decoded at an eighth of its size: all bytes, little arithmetic
    try:
        image.load()
    except OSError as error:
        return "truncated" in str(error)
    except Exception:
        return False
    return False


def _is_deep(image, data):
    if image.format == "PNG":
        return data[24] == 16  # bit depth in the IHDR chunk; Pillow's mode does not tell for RGB
    if image.format == "TIFF":
        return max(image.tag_v2.get(BITS_PER_SAMPLE, (8,))) > 8
    return image.mode.startswith("I")


def _orientation(image):
    try:
        return image.getexif().get(ORIENTATION, 1)
    except Exception:  # a damaged EXIF block does not make the picture unusable
        return 1
