"""Samples whose boxes are painted into picture and mask, so that a test can find them again after a step."""

import numpy as np
from hypothesis import strategies as st

from ppmobile.data.frame import whole
from ppmobile.data.sample import Sample


@st.composite
def painted(draw):
    """A Sample with one whole-pixel box that is painted white in the picture and 1 in the mask."""
    height, width = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    x1, y1 = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    x2, y2 = draw(st.integers(x1 + 1, width)), draw(st.integers(y1 + 1, height))
    image, mask = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    image[y1:y2, x1:x2], mask[y1:y2, x1:x2] = 255, 1
    return whole(Sample(image, boxes=np.float32([[x1, y1, x2, y2]]), labels=np.int64([7]), mask=mask,
                        attributes=np.int64([[1, -1]]), difficult=np.array([True])))  # fmt: skip


def extent(mask):
    """xyxy of the pixels that are 1, the end exclusive; None if there are none."""
    rows, columns = np.nonzero(mask == 1)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] if len(rows) else None


def agree(sample):
    """Labels and attributes are as many as boxes, all inside, and the mask fits the picture."""
    assert len(sample.labels) == len(sample.boxes) == len(sample.attributes) == len(sample.difficult)
    assert sample.mask.shape == sample.image.shape[:2]
    x1, y1, x2, y2 = sample.boxes.T
    assert (0 <= x1).all() and (x1 <= x2).all() and (x2 <= sample.width).all()
    assert (0 <= y1).all() and (y1 <= y2).all() and (y2 <= sample.height).all()
