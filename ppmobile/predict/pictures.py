"""What a user may give as pictures: files, encoded bytes, arrays, folders and patterns, all to RGB arrays."""

import glob
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..errors import DataError
from ..files import decode_image, list_images, read_image
from ..wording import brief

BYTES = (bytes, bytearray, memoryview)
PATHS = (str, os.PathLike)
WANTED = "give a path, the bytes of a picture file, or an array (H, W, 3) of uint8 RGB"


def is_one(source):
    """Whether `source` is a single picture: a file's path, bytes, or an array; not a folder, pattern or list."""
    if isinstance(source, PATHS):
        path = Path(source)
        try:
            many = path.is_dir() or glob.has_magic(os.fspath(source))
            return not os.fspath(source) or path.is_file() or not many  # "" is no folder, whatever pathlib thinks
        except OSError:  # a name too long, say: reading it tells the reason
            return True
    return isinstance(source, (*BYTES, np.ndarray))


def each(source):
    """An iterator of single pictures: those of a folder or pattern (sorted), or of a list, tuple or generator."""
    if is_one(source):
        return iter([source])
    if isinstance(source, PATHS):
        return iter(list_images(source))
    if isinstance(source, (list, tuple, Iterator)):
        return iter(source)
    raise DataError(f"a {type(source).__name__} is no picture; {WANTED}, or a list, a folder or a pattern of those")


def name_of(source):
    """The path of a picture that has one, as a text, else ''."""
    return os.fspath(source) if isinstance(source, PATHS) else ""


def read(source):
    """(H, W, 3) uint8 RGB, in C order, of a single picture. DataError, with its bare `reason`, if it is none."""
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, BYTES):
        return decode_image(bytes(source))
    if isinstance(source, PATHS):
        if not os.fspath(source):
            raise _refusal("the path is empty")
        return read_image(source)
    raise _refusal(f"a {type(source).__name__} is no picture; {WANTED}")


def complaint(error):
    """What a DataError says on a picture, in one line, without its path where that can be left out."""
    return brief(getattr(error, "reason", error), 300)


def _from_array(array):
    """The same for an array: grey becomes three equal channels, an alpha channel is dropped."""
    shape = list(array.shape)
    if array.dtype != np.uint8:
        hint = "; for values 0..1 write (image * 255).astype(np.uint8)" if array.dtype.kind == "f" else ""
        raise _refusal(f"an array of {array.dtype}, expected uint8 RGB with values 0..255{hint}")
    if 0 in shape:
        raise _refusal(f"an empty array {shape}")
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4):
        hint = "; write image.transpose(1, 2, 0)" if array.ndim == 3 and len(array) == 3 else ""
        hint = "; for a batch give a list of pictures" if array.ndim == 4 else hint
        raise _refusal(f"an array {shape}, expected (height, width, 3) RGB, (height, width, 4) RGBA, or "
                       f"(height, width) grey{hint}")
    array = np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array[:, :, :3]
    return np.ascontiguousarray(array)


def _refusal(reason):
    error = DataError(f"picture: {reason}")
    error.reason = reason
    return error
