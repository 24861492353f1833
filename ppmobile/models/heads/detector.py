"""What all detection heads share: from raw outputs to boxes in the original pictures, as metrics count them."""

from paddle import nn

from ...predict.decode_boxes import nms, to_original
from ...predict.detections import DRAW_THRESHOLD


class Detector(nn.Layer):
    """Base of a head whose `answer(outputs)` gives boxes in input pixels and (n, A, C) scores.

    The boxes are (n, A, 4) or, where each class has its own, (n, A, C, 4).
    nms: keywords of predict.decode_boxes.nms.
    """

    nms = {}

    def deployed(self, outputs):
        """What the exported graph gives: the raw outputs, a list; predict/decode_boxes.py makes boxes of them."""
        return list(outputs)

    def postprocess(self, classes):
        """What deploy.yml says of reading the answers: decoding, suppression, and the score from which boxes are drawn.

        classes: the names.
        """
        return {"raw": self.raw(), "nms": dict(self.nms), "draw_threshold": DRAW_THRESHOLD}

    def predictions(self, outputs, batch):
        """A list with (k, 6) for each picture: class, score, x1, y1, x2, y2 in pixels of the original.

        batch: frame (n, 4) and size (n, 2), as data/collate.py makes them.
        """
        boxes, scores = (tensor.numpy() for tensor in self.answer(outputs))
        found = nms(boxes, scores, **self.nms)
        return [to_original(*one) for one in zip(found, batch["frame"], batch["size"])]
