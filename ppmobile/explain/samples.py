"""A sheet of a dataset's pictures with their boxes, so that a person sees at once whether the labels lie right."""

import numpy as np

from ..errors import DataError
from ..files import write_image
from .draw import PAPER, fitted, text_strip
from .draw_boxes import draw_boxes
from .fonts import font_for

COUNT, COLUMNS = 12, 4
SIDE, GAP, TEXT = 400, 10, 15  # pixels: of a picture, between pictures, of a caption


def sample_sheet(dataset, png_path, count=COUNT):
    """Write pictures from all over the dataset to `png_path`, with their boxes or, below, their class.

    Pictures that cannot be read are left out. DataError if none can.
    """
    found = []
    for index in np.unique(np.linspace(0, len(dataset) - 1, min(count, len(dataset))).astype(int)).tolist():
        try:
            found.append(drawn(dataset.load(index), dataset))
        except DataError:  # the report names it
            continue
    if not found:
        raise DataError(f"{png_path}: none of the pictures could be read")
    write_sheet(found, png_path)


def write_sheet(found, png_path):
    """Write [((H, W, 3) uint8 picture, caption)] side by side to `png_path`, large enough to read tags on them."""
    font = font_for([caption for _, caption in found])
    tiles = [np.concatenate([fitted(image, SIDE), text_strip([caption], SIDE, TEXT, font)]) for image, caption in found]
    height = max(len(tile) for tile in tiles)
    columns = min(COLUMNS, len(tiles))
    rows = -(-len(tiles) // columns)
    sheet = np.full((GAP + rows * (height + GAP), GAP + columns * (SIDE + GAP), 3), PAPER, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = GAP + place // columns * (height + GAP), GAP + place % columns * (SIDE + GAP)
        sheet[top:top + len(tile), left:left + SIDE] = tile
    write_image(png_path, sheet)


def drawn(sample, dataset):
    """((H, W, 3) uint8 picture with the boxes of a Sample and their class names, caption)."""
    name = sample.path.replace("\\", "/").rpartition("/")[2]
    if "boxes" not in dataset.items[sample.index]:
        return sample.image, f"{name}: {dataset.classes[sample.label]}" if sample.label >= 0 else name
    difficult = np.zeros(len(sample.boxes), bool) if sample.difficult is None else sample.difficult
    texts = [dataset.classes[label] + (" (difficult)" if odd else "") for label, odd in zip(sample.labels, difficult)]
    return draw_boxes(sample.image, sample.boxes, sample.labels, texts), f"{name}: {len(texts)} boxes"
