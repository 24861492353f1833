"""The boxes that detectors start from, in NumPy, for heads and predictors alike: priors, anchors, a map's cells."""

import numpy as np


def cells(height, width):
    """(2, height * width) float32 column and row of each cell of a map, row by row."""
    rows, columns = np.divmod(np.arange(height * width), width)
    return np.stack([columns, rows]).astype(np.float32)


def shapes(low, high, aspect_ratios):
    """(K, 2) widths and heights of the priors of a cell, in the unit of `low` (SSD, arXiv:1512.02325, section 2.2).

    A square of side low; for each ratio r two of the same area, low * sqrt(r) wide and low * sqrt(1 / r) wide; then a
    square of side sqrt(low * high), unless high is 0.
    """
    ratios = np.array([1.0, *(r for ratio in aspect_ratios for r in (ratio, 1 / ratio))])
    squares = [[np.sqrt(low * high)] * 2] if high else np.zeros((0, 2))
    return np.concatenate([low * np.stack([np.sqrt(ratios), np.sqrt(1 / ratios)], axis=1), squares])


def priors(map_size, image_size, sizes, step=0.0, clip=True):
    """(h * w * K, 4) float32 xyxy priors in pixels of one map: cell by cell, row by row, K a cell.

    map_size, image_size: (height, width). sizes: (K, 2) widths and heights as shares of the picture's sides. step:
    pixels between two cells, 0 for image size / map size; the published nets round it. clip: cut at the picture.
    """
    height, width = map_size
    scale = np.float64(image_size[::-1])
    steps = np.float64([step, step]) if step else scale / (width, height)
    centres = (cells(height, width).T.astype(np.float64) + 0.5) * steps
    half = np.asarray(sizes) * scale / 2
    boxes = np.concatenate([centres[:, None] - half, centres[:, None] + half], axis=-1).reshape(-1, 4)
    return (np.clip(boxes, 0, np.tile(scale, 2)) if clip else boxes).astype(np.float32)


def shapes_of_area(side, ratios):
    """(K, 2) widths and heights of boxes of the area side * side, in its unit; ratios: K times height / width."""
    ratios = np.asarray(ratios, np.float64)
    return np.stack([side / np.sqrt(ratios), side * np.sqrt(ratios)], axis=1)


def grid(map_size, stride, sizes):
    """(h, w, K, 4) float32 xyxy anchors in pixels around the upper left corner of each cell (arXiv:1506.01497).

    map_size: (height, width). stride: pixels between two cells. sizes: (K, 2) widths and heights in pixels.
    """
    corner = cells(*map_size).T.reshape(*map_size, 1, 2) * stride
    half = np.asarray(sizes) / 2
    return np.concatenate([corner - half, corner + half], axis=-1).astype(np.float32)
