"""Four pictures around a common corner: a detector sees many scales and contexts in every step."""

import cv2
import numpy as np

from .base import TRANSFORMS, Transform
from .parts import FILL, IGNORE, check_number, check_range, crop, height_width, pixels, resize


@TRANSFORMS.register
class Mosaic(Transform):
    """The picture and three others, meeting at a random point of a canvas, with probability `p` (arXiv:2004.10934).

    size: side of the canvas in pixels or [height, width]; a Resize behind it brings the rest, 1 - p, to that size.
    centre: range of the meeting point in the canvas's sides. scale: range of each picture's size, 1 = it just fits the
    canvas; what reaches beyond its quarter is cut off. The others take the steps that stand before Mosaic; decoding
    four pictures for one is its price. Frame, label and path are those of the first picture.
    """

    takes_others = True

    def __init__(self, size, p=1.0, centre=(0.25, 0.75), scale=(0.5, 1.5), fill=FILL):
        check_number("p", p, 0, 1)
        check_range("centre", centre, 0, 1)
        check_range("scale", scale, 0.01)
        if np.shape(fill) != (3,):
            raise ValueError(f"fill must be [red, green, blue], got {fill!r}")
        self.size, self.p, self.centre, self.scale, self.fill = size, p, centre, scale, fill
        self._size = height_width(size)
        if min(self._size) < 2:
            raise ValueError(f"size must leave each quarter a pixel, got {size!r}")

    def __call__(self, sample, rng, another):
        pixels(sample, self)
        if rng.random() >= self.p:
            return sample
        corner = [int(np.clip(round(n * rng.uniform(*self.centre)), 1, n - 1)) for n in self._size]
        tiles, places = [], []
        for number, quarter in enumerate(rng.permutation(4).tolist()):
            tile, place = self._tile(another() if number else sample, divmod(quarter, 2), corner, rng)
            tiles.append(tile)
            places.append(place)
        return _joined(tiles, places, self._size, self.fill)

    def _tile(self, sample, quarter, corner, rng):
        """(what of the sample is seen in a quarter, scaled; (top, left) on the canvas).

        quarter: (row, column), 0 or 1 each. corner: (y, x) of the meeting point, where a corner of the picture lies.
        """
        full = pixels(sample, self).shape[:2]
        factor = rng.uniform(*self.scale) * min(c / n for c, n in zip(self._size, full))
        sides, seen, start, place = [], [], [], []
        for second, middle, canvas, n in zip(quarter, corner, self._size, full):
            room = canvas - middle if second else middle
            side = min(room, max(1, round(n * factor)))
            sides.append(side)
            seen.append(min(n, max(1, round(side / factor))))
            start.append(0 if second else n - seen[-1])
            place.append(middle if second else middle - side)
        return resize(crop(sample, *start, *seen), *sides, cv2.INTER_LINEAR), place


def _joined(tiles, places, size, fill):
    """One Sample of `size` (height, width) with each tile at its (top, left)."""
    image, mask = np.empty((*size, 3), np.uint8), np.full(size, IGNORE, np.uint8)
    image[:] = np.uint8(fill)
    for tile, (top, left) in zip(tiles, places):
        window = np.s_[top : top + tile.height, left : left + tile.width]
        image[window] = tile.image
        mask[window] = IGNORE if tile.mask is None else tile.mask
    shifts = [np.float32([left, top, left, top]) for top, left in places]
    first = tiles[0]
    return first.copy(
        image=image,
        mask=None if first.mask is None else mask,
        boxes=np.concatenate([tile.boxes + shift for tile, shift in zip(tiles, shifts)]),
        labels=np.concatenate([tile.labels for tile in tiles]),
        difficult=_difficult(tiles),
        attributes=_attributes(tiles),
        frame=None if first.frame is None else first.frame + shifts[0],
    )


def _difficult(tiles):
    """(N,) bool of all tiles' boxes, or None if none of the tiles tells."""
    if all(tile.difficult is None for tile in tiles):
        return None
    told = [np.zeros(len(t.boxes), bool) if t.difficult is None else t.difficult for t in tiles]
    return np.concatenate(told)


def _attributes(tiles):
    """(N, A) of all tiles' boxes, if each tile has such; those of the first picture as a whole otherwise."""
    if all(t.attributes is not None and t.attributes.ndim == 2 for t in tiles):
        return np.concatenate([t.attributes for t in tiles])
    attributes = tiles[0].attributes
    return None if attributes is not None and attributes.ndim == 2 else attributes
