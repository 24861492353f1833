"""A detector that is none: what its graph would give for boxes that a test wishes, and the deploy.yml that reads it."""

import numpy as np

CLASSES = ("人 person", "dog")


def detector(shape=(1, 3, 32, 32), threshold=0.5):
    """The fields of deploy.yml that predictors need. Kind "rcnn": the graph gives boxes and scores as they are."""
    return {"task": "detect", "classes": list(CLASSES), "input": {"name": "image", "shape": list(shape)},
            "preprocess": [{"name": "Resize", "size": 32}, {"name": "Normalize"}, {"name": "ToCHW"}],
            "postprocess": {"raw": {"kind": "rcnn"}, "draw_threshold": threshold,
                            "nms": {"score_threshold": 0.01, "iou_threshold": 0.5, "top_k": 100, "keep": 50}}}


def sees(pictures, filled=0):
    """The raw outputs for pictures, each a list of (class, score, box in pixels of the input).

    filled: pictures of zeros that follow. Boxes (n, A, C, 4), scores (n, A, C), the rest of both zeros.
    """
    count, most = len(pictures) + filled, max([1, *map(len, pictures)])
    boxes = np.zeros((count, most, len(CLASSES), 4), np.float32)
    scores = np.zeros((count, most, len(CLASSES)), np.float32)
    for number, found in enumerate(pictures):
        for place, (label, score, box) in enumerate(found):
            boxes[number, place, label], scores[number, place, label] = box, score
    return [boxes, scores]


class Runtime:
    """A runtime that sees, in each picture, one box of class 1: the pixels that are not black."""

    name, threads = "stand-in", 1

    def __init__(self, batch=0):
        self.batch = batch

    def run(self, image):
        """Raw outputs for (N, 3, H, W). The score is 0.75; a black picture has no box."""
        assert not self.batch or len(image) == self.batch
        found = []
        for picture in image.max(1) - image.min():
            rows, columns = np.nonzero(picture > 0.5)
            found.append([(1, 0.75, (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))]
                         if len(rows) else [])
        return sees(found)

    def close(self):
        """Nothing to free."""
