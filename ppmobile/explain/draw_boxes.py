"""Boxes on a picture, each with its class and score on a tag in the colour of the class."""

import colorsys
import math

import numpy as np

from .draw import enlarged
from .fonts import font_for, legible

SMALLEST_SIDE = 400  # pixels: in a smaller picture the tags would hide the objects, so it is enlarged
SMALLEST_TEXT, LARGEST_TEXT = 13, 64  # pixels of a tag's text
TEXT_PART, LINE_PART = 42, 200  # the picture's mean side in heights of the text, and in widths of a line
GOLDEN = 0.618034  # hues that turn by this part of the circle never come close to an early one
# fixed colours of the first classes, far from each other in hue and lightness
PALETTE = ((230, 25, 75), (0, 130, 200), (60, 180, 75), (245, 130, 48), (145, 30, 180), (0, 170, 170), (240, 50, 230),
           (155, 120, 0), (70, 70, 230), (210, 245, 60), (250, 190, 212), (128, 0, 0))


def color_of(label):
    """The RGB colour of a class, by its number alone, so that it is the same on every picture."""
    if label < len(PALETTE):
        return PALETTE[label]
    red, green, blue = colorsys.hsv_to_rgb(label * GOLDEN % 1, (0.95, 0.6)[label % 2], (0.9, 0.6, 1)[label % 3])
    return round(255 * red), round(255 * green), round(255 * blue)


def draw_boxes(image, boxes, labels, texts):
    """A copy of the picture with boxes and tags; lines and text grow with the picture.

    image: (H, W, 3) uint8 RGB, enlarged by a whole factor if a side is below 400 pixels. boxes: (k, 4) xyxy in its
    pixels, surest first: these lie on top, and their tags get the better places. labels: (k,) class numbers.
    texts: what stands on the tags; '' for none. Tags stay inside the picture, and apart while there is room.
    """
    large = np.array(enlarged(image, SMALLEST_SIDE))
    boxes = np.asarray(boxes, np.float64).reshape(-1, 4) * (large.shape[1] / image.shape[1])
    side = math.sqrt(large.shape[0] * large.shape[1])
    width = max(2, round(side / LINE_PART))
    for box, label in list(zip(boxes, labels))[::-1]:
        outline(large, box, color_of(int(label)), width)
    size = min(LARGEST_TEXT, max(SMALLEST_TEXT, round(side / TEXT_PART)))
    return _tagged(large, boxes, labels, texts, size, width)


def outline(image, box, color, width):
    """Draw one box into the picture: a line of `width` pixels inside its borders, as far as the picture goes."""
    edges = np.array([image.shape[1], image.shape[0]])
    left, top = np.clip(np.floor(box[:2]), 0, edges - 1).astype(int)
    right, bottom = np.clip(np.ceil(box[2:]), [left + 1, top + 1], edges).astype(int)
    image[top:top + width, left:right] = image[max(top, bottom - width):bottom, left:right] = color
    image[top:bottom, left:left + width] = image[top:bottom, max(left, right - width):right] = color


def _tagged(image, boxes, labels, texts, size, width):
    """The picture with all tags written on it."""
    if not any(texts):
        return image
    from PIL import Image, ImageDraw, ImageFont

    path = font_for(texts)
    font = ImageFont.truetype(path, size)
    ascent, descent = font.getmetrics()
    margin = max(2, size // 5)
    canvas = Image.fromarray(image)
    pen, taken = ImageDraw.Draw(canvas), np.zeros((0, 4))
    placed = []
    for box, label, text in zip(boxes, labels, texts):
        if text:
            text = legible(text, path)
            extent = font.getlength(text) + 2 * margin, ascent + descent
            tag = place_tag(box, extent, taken, image.shape[:2], width)
            taken = np.vstack([taken, tag])
            placed.append((tag, text, color_of(int(label))))
    for tag, text, color in placed[::-1]:
        edge = tuple(value // 2 for value in color)  # keeps neighbours of one class apart
        pen.rectangle([tag[0], tag[1], tag[2] - 1, tag[3] - 1], fill=color, outline=edge)
        pen.text((tag[0] + margin, tag[1]), text, fill=ink_on(color), font=font)
    return np.asarray(canvas)


def place_tag(box, extent, taken, size, width):
    """(4,) xyxy in whole pixels, where the tag of a box of `extent` (width, height) covers least of earlier ones.

    Tried in this order: above the box, at its upper edge, below it, at its lower edge, then a line further away, each
    at the left, at the right and in the middle; the first that is free. taken: (n, 4) the earlier tags. size: (height,
    width) of the picture, which the tag does not leave. width: of the box's line.
    """
    wide, high = math.ceil(extent[0]), math.ceil(extent[1])
    x1, y1, x2, y2 = box
    tops = y1 - high + width / 2, y1, y2 - width / 2, y2 - high, y1 - 2 * high, y1 + high, y2 + high
    corners = np.array([(left, top) for top in tops for left in (x1, x2 - wide, (x1 + x2 - wide) / 2)])
    inside = np.clip(np.round(corners), 0, np.maximum(0, [size[1] - wide, size[0] - high]))
    tags = np.hstack([inside, inside + [wide, high]])
    low, far = np.maximum(tags[:, None, :2], taken[:, :2]), np.minimum(tags[:, None, 2:], taken[:, 2:])
    covered = (far - low).clip(0).prod(-1).sum(1)
    moved = np.abs(inside - corners).sum(1) > high / 2  # it would not touch its own box any more
    return tags[np.argmin(covered + 1e-3 * moved)]


def ink_on(color):
    """Black or white, whichever is easier to read on the RGB `color` (relative luminance of ITU-R BT.709)."""
    luminance = np.dot(np.power(np.array(color) / 255, 2.2), (0.2126, 0.7152, 0.0722))
    return (0, 0, 0) if luminance > 0.3 else (255, 255, 255)
