"""Pictures and texts under any file name: read with a precise reason on failure, written whole or not at all."""

import contextlib
import errno
import glob
import hashlib
import json
import os
import re
import time
import uuid
from pathlib import Path

from .errors import DataError, PPMobileError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
AGAIN = "copy it again or remove it from the dataset"
LEFTOVER = re.compile(r"\..*\.tmp-[0-9a-f]{12}(\.[^.]*)?$", re.DOTALL)  # atomic_write's names for unfinished files
_HINTS = {
    errno.ENOSPC: "the disk is full; free some space or choose another folder",
    errno.EFBIG: "the file grew beyond the size that is allowed here; raise the limit or choose another folder",
    errno.EACCES: "permission denied; choose a folder that you may write to",
    errno.EPERM: "permission denied; choose a folder that you may write to",
    errno.EROFS: "the file system is read-only; choose another folder",
    errno.ENOTDIR: "a part of this path is a file, not a folder; choose another path",
    errno.EEXIST: "a part of this path is a file, not a folder; choose another path",
    errno.EISDIR: "this is a folder; give the path of a file",
    errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
}


# --- pictures ---------------------------------------------------------------------------------------------------


def read_image(path):
    """The picture at `path` as (H, W, 3) uint8 RGB, turned upright by its EXIF orientation.

    Grey, palette, CMYK and 16-bit pictures become 8-bit RGB (the high byte is kept); an alpha channel is
    dropped. If there is no whole picture in it, DataError names the file and the reason, which is also in its
    `reason`, without the file and without advice on a dataset.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise _refusal(path, "no such picture", "check the path, or the root folder of the dataset") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _refusal(path, f"cannot be read: {reason}", "expected a picture file") from error
    return decode_image(data, path)


def decode_image(data, name="picture"):
    """The encoded picture in the bytes `data` as (H, W, 3) uint8 RGB; `name` is what a DataError calls it."""
    import cv2
    import numpy as np

    if len(data) == 0:
        raise _refusal(name, "the file is empty", AGAIN)
    if data[:2] == b"\xff\xd8" and _jpeg_is_cut(data):  # OpenCV fills the missing part with grey, silently
        raise _refusal(name, "truncated JPEG (no end marker)", AGAIN)
    try:
        image = None if data[:4] == b"GIF8" else cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:  # an absurd size in the header, for instance
        raise _refusal(name, f"not a usable picture: {error.err or error}") from error
    if image is None:
        raise _refusal(name, *_why_unreadable(bytes(data[:32])))
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def write_image(path, rgb):
    """Write (H, W, 3) uint8 RGB, or (H, W) uint8 grey, in the format of the suffix, atomically."""
    import cv2

    path = Path(path)
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        raise PPMobileError(f"{path}: unknown picture format; use one of {', '.join(IMAGE_SUFFIXES)}")
    encoded = cv2.imencode(path.suffix, rgb if rgb.ndim == 2 else cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))[1]
    write_bytes(path, encoded.tobytes())


def list_images(source):
    """Sorted Paths of the pictures in a folder (with its subfolders), of a glob pattern, or of one file.

    Hidden files and folders are passed over. DataError if nothing is found.
    """
    path = Path(source)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [p for p in path.rglob("*") if not any(part.startswith(".") for part in p.relative_to(path).parts)]
    elif glob.has_magic(str(source)):
        found = [Path(p) for p in glob.glob(str(source), recursive=True)]
    else:
        raise DataError(f"{source}: no such file or folder; check the path")
    images = sorted(p for p in found if p.suffix.lower() in IMAGE_SUFFIXES and p.is_file())
    if not images:
        raise DataError(f"{source}: no pictures here; looked for {', '.join(IMAGE_SUFFIXES)}")
    return images


def _jpeg_is_cut(data):
    """Whether a JPEG has no end-of-image marker (ITU T.81, B.1.1) behind its first scan header."""
    if data[-2:] == b"\xff\xd9":
        return False
    # The segments are walked because a thumbnail in the EXIF segment has an end marker of its own.
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xDA:
            return bytes(data).find(b"\xff\xd9", position) < 0
        position += 1 if marker == 0xFF else 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return True


def _why_unreadable(head):
    """(what is wrong, advice) for a file that OpenCV refuses, judged by its first bytes."""
    if head[:4] == b"GIF8":
        return "a GIF (perhaps animated) is not supported; save the frame you need as PNG or JPEG", ""
    if head[:4] == b"RIFF" and head[12:16] == b"VP8X" and head[20] & 2:
        return "an animated WebP is not supported; save the frame you need as PNG or JPEG", ""
    if head[4:8] == b"ftyp":
        return "HEIC, AVIF and videos are not supported; save the picture as PNG or JPEG", ""
    if head[:2] == b"\xff\xd8" or head[:8] == b"\x89PNG\r\n\x1a\n" or head[:4] in (b"RIFF", b"II*\0", b"MM\0*"):
        return "truncated or damaged picture", AGAIN
    return "the content is not a picture, whatever the file is called; it must be JPEG, PNG, BMP, WebP or TIFF", ""


def _refusal(name, reason, advice=""):
    """A DataError on the picture `name`, with the bare reason for those who say the rest themselves."""
    error = DataError(f"{name}: {reason}{'; ' if advice else ''}{advice}")
    error.reason = reason
    return error


def starting_point(path):
    """' (relative paths start at the current directory: ...)', for a message on a relative `path`; '' for others."""
    if Path(path).expanduser().is_absolute():
        return ""
    return f" (relative paths start at the current directory: {Path.cwd()})"


# --- whole files ------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def explain_os_errors(path):
    """Turn an OSError about `path` inside the block into a PPMobileError of one line with the next step.

    An error that names a file of another folder passes through: it is not about writing `path`.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error.filename, (str, bytes)):
            named = Path(os.fsdecode(error.filename))
            if named.parent != Path(path).parent and named not in Path(path).parents:
                raise
        hint = _HINTS.get(error.errno) or error.strerror or str(error)
        raise PPMobileError(f"{path}: cannot be written: {hint}") from error


@contextlib.contextmanager
def atomic_write(path):
    """Give a temporary Path in the folder of `path`, with its suffix; move it onto `path` when the block succeeds.

    The folder is made if need be. The bytes are on the disk before the move, so that neither a crash nor a
    full disk leaves half a file; after any error the temporary file is gone and an older `path` untouched.
    What a killed process left is a hidden file .NAME.tmp-..., for `remove_leftovers`.
    """
    path = Path(path)
    # part of the name is enough to recognise it, and keeps it shorter than file systems allow
    temporary = path.with_name(f".{path.stem[:40]}.tmp-{uuid.uuid4().hex[:12]}{path.suffix}")
    with explain_os_errors(path):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            yield temporary
            _flush(temporary)
            os.replace(temporary, path)
            if os.name == "posix":  # the new directory entry must survive a power cut too
                _flush(path.parent)
        finally:
            if temporary.exists():
                temporary.unlink()


def remove_leftovers(folder, minutes=10):
    """Delete the temporary files that killed writers left in `folder` (not below it); returns their Paths.

    Only files that nobody has touched for so many minutes: a younger one may be another process's, at work.
    """
    removed, now = [], time.time()
    for path in sorted(Path(folder).glob(".*")):
        with contextlib.suppress(OSError):  # gone already, or not ours to delete: it harms nobody
            if LEFTOVER.match(path.name) and path.is_file() and now - path.stat().st_mtime > 60 * minutes:
                path.unlink()
                removed.append(path)
    return removed


def write_bytes(path, data):
    """Write bytes to `path` atomically."""
    with atomic_write(path) as temporary:
        temporary.write_bytes(data)


def write_text(path, text):
    """Write `text` to `path` atomically, as UTF-8 with the line ends it has."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path, value):
    """Write `value` (NumPy numbers, arrays and Paths allowed) to `path` as indented JSON, atomically."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, default=_plain) + "\n")


def sha256(path):
    """The SHA-256 of a file's bytes, in hexadecimal. PPMobileError if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            for block in iter(lambda: file.read(1 << 20), b""):
                digest.update(block)
    except OSError as error:
        raise PPMobileError(f"{path}: cannot be read: {error.strerror}; check the path") from error
    return digest.hexdigest()


def _flush(path):
    """Force a file or a folder onto the disk."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _plain(value):
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
