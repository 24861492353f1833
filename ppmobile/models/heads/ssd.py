"""The SSD head, plain or light (SSDLite): offsets and classes for a fixed set of prior boxes."""

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn

from ...errors import ExportError
from ...predict.anchors import priors, shapes
from .. import HEADS
from ..assign import boxes_for_priors, hard_negatives, truth
from ..blocks import ConvBN, one_of
from ..boxes import STD, decode, encode, pairwise_iou
from ..losses import BOX_LOSSES
from .detector import Detector

# of SSDLite in PaddleDetection: 10 % of the picture's side, then steps of 18 % from 20 % on
MIN_SIZES = (0.1, 0.2, 0.38, 0.56, 0.74, 0.92)
MAX_SIZES = (0.2, 0.38, 0.56, 0.74, 0.92, 1.1)
RATIOS = ((2,), (2, 3), (2, 3), (2, 3), (2, 3), (2, 3))
MATCH = 0.5  # overlap from which a prior learns a box


class _Light(nn.Layer):
    """SSDLite's predictor (arXiv:1801.04381, section 6.2): depthwise convolution, ReLU6, 1x1 convolution."""

    def __init__(self, in_channels, channels, kernel_size):
        super().__init__()
        self.depthwise = ConvBN(in_channels, in_channels, kernel_size, groups=in_channels, activation="relu6")
        self.pointwise = nn.Conv2D(in_channels, channels, 1, bias_attr=False)

    def forward(self, x):
        return self.pointwise(self.depthwise(x))


class _Level(nn.Layer):
    """The two predictors of one map of `count` priors a cell."""

    def __init__(self, in_channels, count, num_classes, kernel_size, depthwise):
        super().__init__()
        self.boxes, self.scores = (
            _Light(in_channels, count * width, kernel_size) if depthwise else
            nn.Conv2D(in_channels, count * width, kernel_size, padding=(kernel_size - 1) // 2)
            for width in (4, num_classes + 1)
        )


@HEADS.register
class SSDHead(Detector):
    """SSD (arXiv:1512.02325): deltas and class scores, the last one for background, of priors at every cell.

    min_sizes, max_sizes: for each map, sides of its square priors as shares of the picture's side; a max size of 0
    leaves the second square out. aspect_ratios: for each map, of its other priors, which also come lying. steps: for
    each map, pixels between two cells, as the published nets round them; empty or 0: input size / map size. clip: cut
    priors at the picture. depthwise: SSDLite. kernel_size: of the predictors. box_loss: smooth_l1 or balanced_l1.
    negatives: how many background places count for each prior that learns a box, those of the largest loss.
    """

    sized = True  # its forward wants the input's size
    nms = {"score_threshold": 0.01, "iou_threshold": 0.45, "top_k": 400, "keep": 200}

    def __init__(self, in_channels, strides, num_classes, min_sizes=MIN_SIZES, max_sizes=MAX_SIZES,
                 aspect_ratios=RATIOS, steps=(), clip=True, depthwise=True, kernel_size=3, box_loss="smooth_l1",
                 negatives=3.0):
        super().__init__()
        steps = list(steps) or [0] * len(in_channels)
        for name, values in (("min_sizes", min_sizes), ("max_sizes", max_sizes), ("aspect_ratios", aspect_ratios),
                             ("steps", steps)):
            if len(values) != len(in_channels):
                raise ValueError(f"{name} needs one entry for each of the {len(in_channels)} maps, got {values!r}")
        if kernel_size % 2 == 0:
            raise ValueError(f"kernel_size {kernel_size} must be odd")
        self.box_loss = BOX_LOSSES[one_of("box_loss", box_loss, BOX_LOSSES)]
        self.num_classes, self.steps, self.clip, self.negatives = num_classes, steps, clip, negatives
        self.strides = list(strides)
        self.shapes = [shapes(*sizes) for sizes in zip(min_sizes, max_sizes, aspect_ratios)]
        self.depthwise = depthwise
        self.levels = nn.LayerList(
            _Level(channels, len(shape), num_classes, kernel_size, depthwise)
            for channels, shape in zip(in_channels, self.shapes)
        )

    def forward(self, features, size):
        """List of maps to deltas (N, A, 4), logits (N, A, classes + 1), and the priors (A, 4), xyxy in pixels.

        size: (height, width) of the input. A counts map by map, row by row, cell by cell. ExportError if the size is
        open, for the priors follow from it.
        """
        if min(*size, *features[0].shape[2:]) < 0:
            raise ExportError("SSD needs a fixed input size, its priors follow from it; export with a height and width")
        boxes = [_flat(level.boxes(x), 4) for level, x in zip(self.levels, features)]
        scores = [_flat(level.scores(x), self.num_classes + 1) for level, x in zip(self.levels, features)]
        fixed = [priors(x.shape[2:], size, shape, step, self.clip)
                 for x, shape, step in zip(features, self.shapes, self.steps)]
        return paddle.concat(boxes, axis=1), paddle.concat(scores, axis=1), paddle.to_tensor(np.concatenate(fixed))

    def answer(self, outputs):
        """(N, A, 4) xyxy boxes in pixels and (N, A, classes) scores without background, before suppression."""
        deltas, logits, fixed = outputs
        return decode(deltas, fixed, STD), F.softmax(logits)[:, :, :-1]

    def raw(self):
        """What predict.decode_boxes.decode needs to know of the raw outputs, as plain values."""
        return {"kind": "ssd", "std": list(STD), "strides": self.strides, "steps": [float(step) for step in self.steps],
                "shapes": [shape.tolist() for shape in self.shapes], "clip": self.clip}

    def deployed(self, outputs):
        """What the exported graph gives: deltas and logits. The priors are no output: Paddle Lite cannot run that."""
        return list(outputs[:2])

    def losses(self, outputs, batch):
        """{"loss_box", "loss_cls"}: sums over all pictures, divided by the number of priors that learn a box.

        batch: boxes (n, M, 4) pixels, labels (n, M), -1 where there is none; perhaps difficult (n, M) bool: such a box
        is not learnt, and priors that overlap it do not count as background; perhaps weight (n, M), how much a box
        counts.
        """
        deltas, logits, fixed = outputs
        true = truth(batch)
        with paddle.no_grad():
            iou = pairwise_iou(batch["boxes"], fixed).numpy()
        learnt, box = boxes_for_priors(iou, true.wanted, MATCH)
        unclear = (iou * (true.there & ~true.wanted)[..., None]).max(axis=1) >= MATCH
        classes = np.where(learnt, np.take_along_axis(true.labels, box, axis=1), self.num_classes)
        weight = np.where(learnt, np.take_along_axis(true.weight, box, axis=1), 0)
        count = max(1, int(learnt.sum()))
        return {"loss_box": self._box_loss(deltas, fixed, true.boxes, weight, box) / count,
                "loss_cls": self._class_loss(logits, classes, weight, learnt, ~learnt & ~unclear) / count}

    def _box_loss(self, deltas, fixed, boxes, weight, box):
        picture, prior = np.nonzero(weight)
        if not len(prior):
            return paddle.zeros([])
        place, number = paddle.to_tensor(picture * weight.shape[1] + prior), paddle.to_tensor(prior)
        wanted = paddle.to_tensor(boxes[picture, box[picture, prior]])
        loss = self.box_loss(paddle.gather(deltas.reshape([-1, 4]), place),
                             encode(wanted, paddle.gather(fixed, number), STD))
        return (loss * paddle.to_tensor(weight[picture, prior][:, None])).sum()

    def _class_loss(self, logits, classes, weight, learnt, negative):
        entropy = F.cross_entropy(logits, paddle.to_tensor(classes[..., None]), reduction="none").squeeze(-1)
        hard = hard_negatives(entropy.numpy(), negative, learnt.sum(axis=1), self.negatives)
        return (entropy * paddle.to_tensor((weight + hard).astype(np.float32))).sum()

    def class_layers(self):
        """{layer: (values a class has, other values)} of the layers whose width the class count decides."""
        end = ".pointwise" if self.depthwise else ""
        return {f"levels.{i}.scores{end}": (len(shape), len(shape)) for i, shape in enumerate(self.shapes)}

    def detection_name(self, key, backbone):
        """The PaddleDetection key of our key without `head.` in front."""
        _, level, kind, *rest = key.split(".")
        if rest[0] == "depthwise":
            rest = ["dw_conv", *rest[2:]] if rest[1] == "conv" else rest[1:]
        elif rest[0] == "pointwise":
            rest[0] = "pw_conv"
        return ".".join([f"ssd_head.{kind}{level}", *rest])


def _flat(x, width):
    """(N, K * width, H, W) to (N, H * W * K, width)."""
    return x.transpose([0, 2, 3, 1]).reshape([0, -1, width])
