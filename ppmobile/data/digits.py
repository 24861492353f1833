"""The default dataset: handwritten digits that come with scikit-learn, so that everything runs without a download."""

from pathlib import Path

import numpy as np

from ..home import cache_home
from .base import READERS
from .generated import generated_folder
from .image_list import PARTS, ImageList

VERSION = "ppmobile digits 1"
SIDE = 32


@READERS.register
class Digits(ImageList):
    """1797 pictures of the digits 0 to 9, 32x32 grey as RGB, divided 70/20/10 by class.

    The pictures are scikit-learn's (8x8, from the UCI optical digits of E. Alpaydin and C. Kaynak),
    enlarged smoothly. At first use they are written as PNG files with ImageNet lists; from then on this
    is an ImageList of them. split: train, val or test. root: the folder for the files; None means
    `digits` in $PPMOBILE_HOME or ~/.cache/ppmobile. Raises DataError if `root` holds other files.
    """

    def __init__(self, split="train", root=None):
        if split not in PARTS:
            raise ValueError(f"split must be one of {', '.join(PARTS)}, got {split!r}")
        folder = generated_folder(root or cache_home() / "digits", VERSION, write_digits)
        super().__init__(str(folder), f"{split}_list.txt")


def load_glyphs():
    """scikit-learn's digits: (1797, 8, 8) float32 ink in 0..1, and their (1797,) int labels."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.images.astype(np.float32) / 16, digits.target


def glyph_parts(labels):
    """{part: indices of the glyphs in it}; scenes use the same division, so no digit is in two parts anywhere."""
    from .split import split  # `python -m ppmobile.data.split` warns if its package has imported it

    return dict(zip(PARTS, split(range(len(labels)), (70, 20, 10), seed=0, labels=labels.tolist())))


def enlarge(glyph, height, width):
    """A (h, w) float picture in 0..1 at another size, smooth (cubic) and again in 0..1."""
    import cv2

    return np.clip(cv2.resize(glyph, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)


def picture_of(glyph):
    """An (8, 8) glyph as (32, 32, 3) uint8 grey RGB, with an empty border so that no stroke ends cut off."""
    grey = np.round(255 * enlarge(np.pad(glyph, 1), SIDE, SIDE)).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def write_digits(folder):
    """Write all digits to `folder`/CLASS/NUMBER.png, with train, val and test lists and labels.txt."""
    glyphs, labels = load_glyphs()
    folder = Path(folder)
    for label in range(10):
        (folder / str(label)).mkdir()
    names = [f"{label}/{index:04d}.png" for index, label in enumerate(labels)]
    for name, glyph in zip(names, glyphs):
        write_png(folder / name, picture_of(glyph))
    for part, indices in glyph_parts(labels).items():
        lines = "".join(f"{names[i]} {labels[i]}\n" for i in indices)
        (folder / f"{part}_list.txt").write_text(lines, encoding="utf-8")
    (folder / "labels.txt").write_text("".join(f"{label}\n" for label in range(10)), encoding="utf-8")


def write_png(path, picture):
    """Write (H, W) or RGB (H, W, 3) uint8 as PNG, without the flush to disk of files.write_image.

    The folder around it is written whole or not at all, and a flush for each of thousands of files is slow.
    """
    import cv2

    pixels = picture if picture.ndim == 2 else picture[:, :, ::-1]
    Path(path).write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
