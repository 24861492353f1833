"""What all detection heads share: from raw outputs to boxes in the original pictures, as metrics count them."""

from paddle import nn

from ...predict.decode_boxes import nms, to_original


class Detector(nn.Layer):
    """Base of a head whose `answer(outputs)` gives (n, A, 4) boxes in input pixels and (n, A, C) scores.

    nms: keywords of predict.decode_boxes.nms.
    """

    nms = {}

    def predictions(self, outputs, batch):
        """A list with (k, 6) for each picture: class, score, x1, y1, x2, y2 in pixels of the original.

        batch: frame (n, 4) and size (n, 2), as data/collate.py makes them.
        """
        boxes, scores = (tensor.numpy() for tensor in self.answer(outputs))
        found = nms(boxes, scores, **self.nms)
        return [to_original(*one) for one in zip(found, batch["frame"], batch["size"])]
