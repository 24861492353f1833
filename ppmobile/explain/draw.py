"""Class names and scores written under a picture, legible whatever its size and language."""

import math

import cv2
import numpy as np

from .fonts import font_for, legible

SMALLEST_TEXT = 16  # pixels: below this, names must be read closely on today's screens
SMALLEST_SIDE = 200  # pixels: a smaller picture is enlarged, or a viewer shows no more than a stamp
SMALLEST_WIDTH = 64  # pixels: below this, not even a short word fits
LARGEST_SIDE = 2000  # pixels: a narrow strip is not enlarged beyond this, unless no word would fit below it
PAPER, INK = (255, 255, 255), (20, 20, 20)
GLUE = "\u00a0"  # the no-break space


def label(image, lines, size=None):
    """A copy of the picture with `lines` of text in a white strip below it, so that nothing is hidden.

    image: (H, W, 3) uint8 RGB. lines: a text or a list of texts. size: height of the text in pixels, by
    default 1/36 of the picture's mean side and at least 16. Returns (H + strip, W, 3) uint8, of a picture with
    a side below 200 pixels after it was enlarged by a whole factor. Lines too long for the picture are wrapped.
    """
    lines = [lines] if isinstance(lines, str) else list(lines)
    image = enlarged(image)
    if not lines:
        return image.copy()
    height, width = image.shape[:2]
    size = size or max(SMALLEST_TEXT, round(math.sqrt(height * width) / 36))
    return np.concatenate([image, text_strip(lines, width, size)])


def enlarged(image, side=SMALLEST_SIDE):
    """The picture with each pixel repeated, so often that its shorter side has at least `side` pixels.

    The longer side stays below 2000 pixels where the picture is at least 64 pixels wide all the same.
    """
    height, width = image.shape[:2]
    wanted = -(-side // min(height, width))
    factor = max(min(wanted, LARGEST_SIDE // max(height, width)), -(-SMALLEST_WIDTH // width))
    return image.repeat(factor, axis=0).repeat(factor, axis=1) if factor > 1 else image


def text_strip(lines, width, size, path=None):
    """A white strip (h, `width`, 3) uint8 with `lines` of text, each wrapped to the width.

    size: height of the text in pixels. path: the font file, by default the first that has all letters.
    """
    from PIL import Image, ImageDraw, ImageFont

    path = path or font_for(lines)
    font = ImageFont.truetype(path, size)
    margin = max(2, size // 4)
    rows = [row for line in lines for row in wrap(legible(line, path), width - 2 * margin, font.getlength)]
    ascent, descent = font.getmetrics()
    pitch = ascent + descent
    strip = Image.new("RGB", (width, pitch * len(rows) + 2 * margin), PAPER)
    pen = ImageDraw.Draw(strip)
    for i, row in enumerate(rows):
        pen.text((margin, margin + i * pitch), row, fill=INK, font=font)
    return np.asarray(strip)


def wrap(text, width, measure):
    """`text` broken into rows of at most `width`, at blanks where possible, else between letters.

    measure: a function from a text to its width. A single letter is never broken. A percent sign stays with
    its number where both fit in a row.
    """
    rows, row = [], ""
    for word in text.replace(" %", f"{GLUE}%").split(" "):
        joined = f"{row} {word}" if row else word
        if measure(joined) <= width:
            row = joined
            continue
        if row:
            rows.append(row)
        while len(word) > 1 and measure(word) > width:
            fits = max(1, next(n for n in range(1, len(word) + 1) if measure(word[:n]) > width) - 1)
            rows.append(word[:fits])
            word = word[fits:]
        row = word
    return [one.replace(GLUE, " ") for one in [*rows, row]]


def fitted(image, side):
    """The whole picture, unstretched, in the middle of a square of `side` pixels: (side, side, 3) uint8."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    new_height, new_width = max(1, round(height * scale)), max(1, round(width * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    square = np.full((side, side, 3), PAPER, np.uint8)
    top, left = (side - new_height) // 2, (side - new_width) // 2
    small = cv2.resize(image, (new_width, new_height), interpolation=how)
    square[top : top + new_height, left : left + new_width] = small
    return square
