"""Pixel operations on (H, W, 3) uint8 RGB pictures that equal Pillow's ImageOps and ImageEnhance, but in OpenCV.

Published augmentation policies are stated in these operations; a `factor` of 1 leaves a picture as it is.
"""

import cv2
import numpy as np

LEVELS = np.arange(256)
LUMA = (0.299, 0.587, 0.114)  # ITU-R 601 weights of red, green, blue
SMOOTH = np.float32([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13  # the blur that Sharpness blends with


def brightness(image, factor):
    """Blend with black."""
    return cv2.LUT(image, _table(LEVELS * factor))


def contrast(image, factor):
    """Blend with the mean grey of the picture."""
    mean = int(np.dot(cv2.mean(image)[:3], LUMA) + 0.5)
    return cv2.LUT(image, _table(mean + factor * (LEVELS - mean)))


def color(image, factor):
    """Blend with the grey version of the picture (saturation)."""
    matrix = factor * np.eye(3) + (1 - factor) * np.tile(LUMA, (3, 1))
    return cv2.transform(image, matrix)


def hue(image, turn):
    """Turn the hue by `turn` of a full circle (0.5 gives the complement)."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
    table = np.stack([(LEVELS + round(turn * 256)) % 256, LEVELS, LEVELS], axis=1).astype(np.uint8)
    return cv2.cvtColor(cv2.LUT(hsv, table[None]), cv2.COLOR_HSV2RGB_FULL)


def sharpness(image, factor):
    """Blend with a smoothed picture whose border pixels stay as they are."""
    smooth = image.copy()
    smooth[1:-1, 1:-1] = cv2.filter2D(image, -1, SMOOTH)[1:-1, 1:-1]
    return cv2.addWeighted(image, factor, smooth, 1 - factor, 0)


def posterize(image, bits):
    """Keep the `bits` highest bits of each value."""
    return cv2.LUT(image, (LEVELS & ~(2 ** (8 - bits) - 1)).astype(np.uint8))


def solarize(image, threshold):
    """Invert the values from `threshold` upwards."""
    return cv2.LUT(image, np.where(LEVELS < threshold, LEVELS, 255 - LEVELS).astype(np.uint8))


def solarize_add(image, amount):
    """Brighten the values below 128 by `amount` levels."""
    return cv2.LUT(image, _table(LEVELS + np.where(LEVELS < 128, amount, 0)))


def invert(image):
    """The negative."""
    return cv2.bitwise_not(image)


def autocontrast(image):
    """Stretch each channel to 0..255."""
    tables = []
    for plane in cv2.split(image):
        low, high, _, _ = cv2.minMaxLoc(plane)
        scale = 255 / (high - low) if high > low else 1.0
        tables.append(_table(LEVELS * scale - low * scale) if high > low else _table(LEVELS))
    return cv2.LUT(image, np.stack(tables, axis=1)[None])


def equalize(image):
    """Flatten the histogram of each channel."""
    tables = [_equalizing_table(np.bincount(plane.ravel(), minlength=256)) for plane in cv2.split(image)]
    return cv2.LUT(image, np.stack(tables, axis=1)[None])


def _equalizing_table(counts):
    """The look-up table that spreads a channel with this histogram; a nearly flat picture stays as it is."""
    step = (counts.sum() - counts[counts > 0][-1]) // 255
    if step == 0:
        return _table(LEVELS)
    below = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return _table((step // 2 + below) // step)


def _table(values):
    """256 values as a uint8 look-up table, clipped, and cut off as Pillow does."""
    return np.clip(values, 0, 255).astype(np.uint8)
