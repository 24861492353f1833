"""The YOLOv3 head: a 1x1 convolution a map, one anchor for each box, and four losses."""

import math

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, nn

from ...predict.anchors import cells
from ...registry import fits
from .. import HEADS
from ..assign import cells_for_boxes, truth
from ..blocks import one_of
from ..boxes import KINDS, corners, pairwise_iou
from ..losses import iou_loss
from .detector import Detector

COCO_ANCHORS = ((10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198), (373, 326))
PRIOR = 0.01  # objectness a fresh head answers everywhere; most places are background (arXiv:1708.02002, section 4.1)
IOU_WEIGHT = 2.5  # of the additional loss, as in PP-YOLO (arXiv:2007.12099)


def _is_size(pair):
    """Whether `pair` is [width, height] of finite numbers above 0."""
    return isinstance(pair, (list, tuple)) and len(pair) == 2 and all(fits(side, float) and side > 0 for side in pair)


@HEADS.register
class YOLOv3Head(Detector):
    """YOLOv3 (arXiv:1804.02767): for each cell and anchor x, y, w, h, objectness, and a score for each class.

    anchors: [width, height] in pixels of the input, as many for each map, from small to large; the default was found
    on COCO at 416 px. ignore: objectness is not pushed down where the answered box overlaps a true one by more.
    label_smoothing: learn classes as 1 - d and d, d = min(1 / classes, 1 / 40). scale_xy: stretches the range of the
    centre beyond its cell (arXiv:2004.10934), and learns it by L1. iou: an additional loss, one of iou, giou, diou.
    further: a box is learnt by the anchor whose shape overlaps it most, and by all that do by more than this; 1 means
    by that one only. A lower one teaches small data sets faster, for each box is learnt in several places.
    """

    nms = {"score_threshold": 0.01, "iou_threshold": 0.45, "top_k": 1000, "keep": 100}

    def __init__(self, in_channels, strides, num_classes, anchors=COCO_ANCHORS, ignore=0.7, label_smoothing=False,
                 scale_xy=1.0, iou=None, further=1.0):
        super().__init__()
        if len(anchors) == 0 or len(anchors) % len(in_channels) or not all(map(_is_size, anchors)):
            raise ValueError(f"anchors must be [width, height], as many for each of the {len(in_channels)} maps, "
                             f"got {anchors!r}; `ppmobile anchors` finds some")
        if not 0 < further <= 1:
            raise ValueError(f"further must be an overlap above 0 and up to 1, got {further}")
        if not 0 <= ignore <= 1 or not scale_xy >= 1:
            raise ValueError(f"ignore must be an overlap from 0 to 1, got {ignore}; scale_xy 1 or more, got {scale_xy}")
        if iou is not None:
            one_of("iou", iou, KINDS)
        self.strides, self.num_classes = list(strides), num_classes
        rank = np.argsort(np.argsort(strides))  # the finest map takes the smallest anchors
        self.anchors = np.array(anchors, np.float32).reshape(len(strides), -1, 2)[rank]
        self.ignore, self.scale_xy, self.iou, self.further = ignore, scale_xy, iou, further
        self.smoothing = min(1 / num_classes, 1 / 40) if label_smoothing else 0.0
        self.outputs = nn.LayerList(self._output(channels) for channels in in_channels)

    def _output(self, channels):
        count, width = self.anchors.shape[1], 5 + self.num_classes
        bias = np.zeros((count, width), np.float32)
        bias[:, 4] = -math.log(1 / PRIOR - 1)
        bias = ParamAttr(initializer=nn.initializer.Assign(bias.reshape(-1)))
        weight = ParamAttr(initializer=nn.initializer.Normal(0.0, 0.01))
        return nn.Conv2D(channels, count * width, 1, weight_attr=weight, bias_attr=bias)

    def forward(self, features):
        """List of maps to as many raw maps (N, K * (5 + classes), H, W), K anchors a map."""
        return [output(x) for output, x in zip(self.outputs, features)]

    def answer(self, outputs):
        """(N, A, 4) xyxy boxes in pixels, inside the picture, and (N, A, classes) scores, before suppression.

        A counts map by map, anchor by anchor, row by row. The last pixel ends the picture, as in PaddleDetection.
        """
        height, width = (side * self.strides[0] for side in outputs[0].shape[2:])
        limit = paddle.to_tensor([width - 1, height - 1] * 2, dtype="float32")
        rows = [self._rows(x) for x in outputs]
        boxes = [self._boxes(x, level, grid.shape[2:]) for level, (x, grid) in enumerate(zip(rows, outputs))]
        scores = [F.sigmoid(x[:, :, 4:5]) * F.sigmoid(x[:, :, 5:]) for x in rows]
        scores = [x.transpose([0, 1, 3, 2]).reshape([0, -1, self.num_classes]) for x in scores]
        return paddle.minimum(F.relu(paddle.concat(boxes, axis=1)), limit), paddle.concat(scores, axis=1)

    def raw(self):
        """What predict.decode_boxes.decode needs to know of the raw maps, as plain values."""
        return {"kind": "yolo", "strides": self.strides, "anchors": self.anchors.tolist(), "scale_xy": self.scale_xy}

    def _rows(self, output):
        """(N, K, 5 + classes, H * W) view of a raw map."""
        return output.reshape([0, self.anchors.shape[1], 5 + self.num_classes, -1])

    def _boxes(self, rows, level, size):
        """(N, K * H * W, 4) xyxy boxes in pixels of the rows of one map of `size`."""
        stride, anchors = self.strides[level], paddle.to_tensor(self.anchors[level][None, :, :, None])
        centres = F.sigmoid(rows[:, :, :2]) * self.scale_xy + paddle.to_tensor(cells(*size) - (self.scale_xy - 1) / 2)
        centres, sides = centres * stride, paddle.exp(rows[:, :, 2:4]) * anchors
        boxes = paddle.concat([centres - sides / 2, centres + sides / 2], axis=2)
        return boxes.transpose([0, 1, 3, 2]).reshape([0, -1, 4])

    def losses(self, outputs, batch):
        """{"loss_xy", "loss_wh", "loss_obj", "loss_cls"; with iou "loss_iou"}: sums over a picture, mean over pictures.

        batch: boxes (n, M, 4) pixels, labels (n, M), -1 where there is none; perhaps difficult (n, M) bool: such a box
        is not learnt, but does not count as background either; perhaps weight (n, M), how much a box counts.
        """
        true = truth(batch)
        sizes = [x.shape[2:] for x in outputs]
        targets = cells_for_boxes(true, self.anchors, self.strides, sizes, self.num_classes, self.further)
        known = paddle.to_tensor(np.where(true.there[..., None], true.boxes, 0).astype(np.float32))
        total = {}
        for level, (output, target) in enumerate(zip(outputs, targets)):
            parts = {"loss_obj": self._objectness(output, level, target, known)}
            if len(target.row):
                parts.update(self._learnt(output, level, target))
            for name, value in parts.items():
                total[name] = total[name] + value if name in total else value
        names = ("loss_xy", "loss_wh", "loss_obj", "loss_cls", *(("loss_iou",) if self.iou else ()))
        return {name: total[name] / len(true.labels) if name in total else paddle.zeros([]) for name in names}

    def _objectness(self, output, level, target, known):
        """Sum of cross entropies of all places, but those that answer a known box well without being asked to."""
        rows, (height, width) = self._rows(output), output.shape[2:]
        with paddle.no_grad():
            found = pairwise_iou(self._boxes(rows, level, (height, width)), known).max(axis=2).numpy()
        positive, counted = np.zeros(found.shape, np.float32), (found <= self.ignore).astype(np.float32)
        place = (target.anchor * height + target.row) * width + target.column
        positive[target.picture, place], counted[target.picture, place] = 1, target.weight
        return F.binary_cross_entropy_with_logits(
            rows[:, :, 4].reshape([0, -1]), paddle.to_tensor(positive),
            weight=paddle.to_tensor(counted), reduction="sum")

    def _learnt(self, output, level, target):
        """{name: sum of losses} of the places that learn a box."""
        values = self._gather(output, target)
        box_weight = paddle.to_tensor((target.scale * target.weight)[:, None])
        classes = target.classes * np.float32(1 - 2 * self.smoothing) + np.float32(self.smoothing)
        centres = self._centre_loss(values[:, :2], paddle.to_tensor(target.offset))
        losses = {"loss_xy": (box_weight * centres).sum(),
                  "loss_wh": (box_weight * (values[:, 2:4] - paddle.to_tensor(target.size)).abs()).sum(),
                  "loss_cls": F.binary_cross_entropy_with_logits(
                      values[:, 5:], paddle.to_tensor(classes), weight=paddle.to_tensor(target.weight[:, None]),
                      reduction="sum")}
        if self.iou:
            loss = iou_loss(self._answered(values, level, target), paddle.to_tensor(target.boxes), self.iou)
            losses["loss_iou"] = IOU_WEIGHT * (box_weight[:, 0] * loss).sum()
        return losses

    def _centre_loss(self, logits, offset):
        if self.scale_xy == 1:
            return F.binary_cross_entropy_with_logits(logits, offset, reduction="none")
        return (F.sigmoid(logits) * self.scale_xy - (self.scale_xy - 1) / 2 - offset).abs()

    def _answered(self, values, level, target):
        """(P, 4) xyxy boxes in pixels that the (P, 5 + classes) raw `values` at the places of `target` say."""
        cell = paddle.to_tensor(np.stack([target.column, target.row], axis=1).astype(np.float32))
        centres = (F.sigmoid(values[:, :2]) * self.scale_xy - (self.scale_xy - 1) / 2 + cell) * self.strides[level]
        return corners(centres, paddle.exp(values[:, 2:4]) * paddle.to_tensor(self.anchors[level][target.anchor]))

    def _gather(self, output, target):
        """(P, 5 + classes) raw values at the places of `target`, without transposing the whole map."""
        width, (height, columns) = 5 + self.num_classes, output.shape[2:]
        start = (target.picture * self.anchors.shape[1] + target.anchor) * width * height * columns
        first = start + target.row * columns + target.column
        index = first[:, None] + np.arange(width) * height * columns
        return paddle.gather(output.reshape([-1]), paddle.to_tensor(index.reshape(-1))).reshape([-1, width])

    def class_layers(self):
        """{layer: (values a class has, other values)} of the layers whose width the class count decides."""
        count = self.anchors.shape[1]
        return {f"outputs.{level}": (count, 5 * count) for level in range(len(self.outputs))}

    def detection_name(self, key, backbone):
        """The PaddleDetection key of our key without `head.` in front."""
        return "yolo_head.yolo_output." + key.split(".", 1)[1]
