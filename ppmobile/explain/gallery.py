"""A contact sheet: the pictures a model got most wrong, side by side, each with what it took them for."""

import numpy as np

from ..errors import DataError
from ..files import read_image, write_image
from .draw import PAPER, fitted, text_strip
from .fonts import font_for

WRONG, RIGHT, NEITHER = (200, 30, 30), (20, 130, 50), (150, 150, 150)
SIDE, GAP, FRAME, TEXT = 192, 12, 4, 15  # pixels: of a picture, between pictures, of its frame, of a caption
MOST_CELLS = 400  # more make a sheet of over 80 megapixels that no viewer shows well


def gallery(items, png_path, columns=5):
    """Write a sheet of `items`, a list of (image, caption, frame colour), row by row to `png_path`.

    image: a picture's path, or an array (H, W, 3) uint8 RGB. The colour is an RGB triple such as WRONG and RIGHT, or
    None for a grey frame.
    DataError if there are no items or more than 400, or if one of the pictures cannot be read.
    """
    items = list(items)
    if not 0 < len(items) <= MOST_CELLS:
        raise DataError(f"{png_path}: a sheet shows 1 to {MOST_CELLS} pictures, not {len(items)}; give as many")
    columns = min(columns, len(items))
    font = font_for([caption for _, caption, _ in items])
    cells = [cell(image if isinstance(image, np.ndarray) else read_image(image), caption, color or NEITHER, font)
             for image, caption, color in items]
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    gap = np.full((GAP, columns * (SIDE + GAP) + GAP, 3), PAPER, np.uint8)
    write_image(png_path, np.concatenate([gap, *(shelf(row, columns) for row in rows)]))


def mistakes(worst, paths, classes):
    """Items of a gallery from TopK.worst(n), the dataset's picture paths and its class names."""
    return [
        (paths[index], f"true {classes[true]} -> {classes[predicted]}, {percent(probability)}", WRONG)
        for index, true, predicted, probability in worst
    ]


def percent(probability):
    """0.931 as "93 %"; what is not certain is never rounded up to 100 %."""
    if 0.99 < probability < 1:
        return "99.9 %" if probability > 0.999 else f"{100 * probability:.1f} %"
    return f"{100 * probability:.0f} %"


def cell(image, caption, color, font):
    """One picture in a coloured frame with its caption below, in the font file `font`: (h, 192, 3) uint8."""
    framed = np.full((SIDE, SIDE, 3), color, np.uint8)
    framed[FRAME:-FRAME, FRAME:-FRAME] = fitted(image, SIDE - 2 * FRAME)
    return np.concatenate([framed, text_strip([caption], SIDE, TEXT, font)])


def shelf(row, columns):
    """Cells side by side, aligned at their tops, with gaps around them and blank places at the end."""
    height = max(len(one) for one in row) + GAP
    band = np.full((height, columns * (SIDE + GAP) + GAP, 3), PAPER, np.uint8)
    for i, one in enumerate(row):
        left = GAP + i * (SIDE + GAP)
        band[: len(one), left : left + SIDE] = one
    return band
