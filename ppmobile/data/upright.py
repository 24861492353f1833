"""Boxes that were drawn on a picture as its camera stored it, turned along with the picture, which is read upright."""

import numpy as np

from .faults import orientation

KIND = "boxes turned"


def turn_boxes(dataset, facts):
    """Turn the boxes of `dataset.items` whose annotations were made on the picture before its EXIF turned it.

    Such annotations state the width and height of the picture as it is stored, which are those that training reads
    the other way round. facts: {path: facts of faults.inspect_picture}. Each is noted in `dataset.faulty`. Where both
    sides are equal, or no size is stated, nobody can tell: the boxes stay.
    """
    for position, item in enumerate(dataset.items):
        path, stated = str(item["path"]), item.get("stated_size")
        real = facts[path]["width"], facts[path]["height"]
        if not stated or tuple(stated) == real or tuple(stated) != real[::-1]:
            continue
        code = orientation(path)
        if code not in TURNS:
            continue
        dataset.items[position] = {**item, "boxes": turned(item["boxes"], stated, code), "stated_size": real}
        reason = (f"labelled as it is stored, {stated[0]}x{stated[1]}; EXIF orientation {code} makes it "
                  f"{real[0]}x{real[1]}, and its boxes are turned with it")
        dataset.faulty.append((path, KIND, reason))


# (x, y) of a stored picture of (width, height), upright, by EXIF orientation (CIPA DC-008, 4.6.4 A, tag 0x0112)
TURNS = {
    5: lambda x, y, width, height: (y, x),
    6: lambda x, y, width, height: (height - y, x),
    7: lambda x, y, width, height: (height - y, width - x),
    8: lambda x, y, width, height: (y, width - x),
}


def turned(boxes, size, code):
    """Boxes (N, 4) xyxy of a stored picture of `size` (width, height) in the pixels of the upright one, as float32."""
    corners = [np.stack(TURNS[code](boxes[:, i], boxes[:, i + 1], *size), axis=1) for i in (0, 2)]
    return np.concatenate([np.minimum(*corners), np.maximum(*corners)], axis=1).astype(np.float32)
