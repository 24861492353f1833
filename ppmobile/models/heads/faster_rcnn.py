"""The Faster R-CNN head: a network that proposes regions, and one that says what each of them shows."""

from typing import NamedTuple

import numpy as np
import paddle

from ...errors import ExportError
from .. import HEADS
from ..assign import truth
from ..blocks import one_of
from ..losses import BOX_LOSSES
from ..proposals import split
from .detector import Detector
from .roi import RoIHead
from .rpn import RPN

RATIOS = (0.5, 1.0, 2.0)
LEAST = {"rpn_samples": 2, "roi_samples": 4}  # fewer leave no place for a box: half and a quarter may learn one
OFFICIAL = {"rpn.conv": "rpn_head.rpn_feat.rpn_conv", "rpn.score": "rpn_head.rpn_rois_score",
            "rpn.delta": "rpn_head.rpn_rois_delta", "roi.fc1": "bbox_head.head.fc6", "roi.fc2": "bbox_head.head.fc7",
            "roi.score": "bbox_head.bbox_score", "roi.delta": "bbox_head.bbox_delta"}


class Half(NamedTuple):
    """What forward gives in training, where the regions to learn from also depend on the true boxes.

    scores, deltas: maps of the region proposal network. features: the maps that went into the head. size: (height,
    width) of the input.
    """

    scores: list
    deltas: list
    features: list
    size: tuple


@HEADS.register
class FasterRCNNHead(Detector):
    """Faster R-CNN (arXiv:1506.01497) on a feature pyramid (arXiv:1612.03144).

    In training `forward` stops after the region proposal network, and `losses` runs the second stage on regions
    chosen with the help of the true boxes. In evaluation `forward` goes through to boxes and scores, for a fixed
    number of regions a picture: that is the exported graph.

    width: of the two linear layers. anchor_scale: side of a map's square anchor in its strides; ratios: height / width
    of its anchors. before, after: boxes of a map that go into suppression, and of a picture that come out as proposals,
    in evaluation; train_before, train_after: the same in training. rpn_samples, roi_samples: anchors and regions of a
    picture that count in a step. box_loss: of the second stage's boxes, l1, smooth_l1 or balanced_l1.
    """

    sized = True  # its forward wants the input's size
    nms = {"score_threshold": 0.05, "iou_threshold": 0.5, "top_k": -1, "keep": 100}

    def __init__(self, in_channels, strides, num_classes, width=128, anchor_scale=4.0, ratios=RATIOS, before=300,
                 after=100, train_before=2000, train_after=1000, rpn_samples=256, roi_samples=512, box_loss="l1"):
        super().__init__()
        if len(set(in_channels)) > 1:
            raise ValueError(f"all maps must have the same channels, as those of a neck like FPN; got {in_channels}")
        if not ratios or min(ratios) <= 0:
            raise ValueError(f"ratios must be positive, got {ratios!r}")
        if anchor_scale <= 0:
            raise ValueError(f"anchor_scale must be above 0, got {anchor_scale}")
        options = {"width": width, "before": before, "after": after, "train_before": train_before,
                   "train_after": train_after, "rpn_samples": rpn_samples, "roi_samples": roi_samples}
        small = [(name, value, LEAST.get(name, 1)) for name, value in options.items() if value < LEAST.get(name, 1)]
        if small:
            raise ValueError("{0} must be at least {2}, got {1}".format(*small[0]))
        loss = BOX_LOSSES[one_of("box_loss", box_loss, BOX_LOSSES)]
        self.limits, self.train_limits, self.shuffle = (before, after), (train_before, train_after), True
        self.rpn = RPN(in_channels[0], strides, anchor_scale, ratios, rpn_samples, BOX_LOSSES["l1"])
        self.roi = RoIHead(in_channels[0], strides, num_classes, width, roi_samples, loss)

    def forward(self, features, size):
        """List of maps from fine to coarse to boxes (N, R, C, 4), xyxy in pixels, and scores (N, R, C); C classes.

        R is the option `after`; size: (height, width) of the input. In training a Half. ExportError if the batch or the
        size is open.
        """
        scores, deltas = self.rpn(features)
        if self.training:
            return Half(scores, deltas, features, tuple(size))
        if _open(scores[0]):
            raise ExportError("Faster R-CNN needs a fixed batch and input size; export without --dynamic")
        return self.roi.answer(features, self.rpn.propose(scores, deltas, size, *self.limits), size)

    def answer(self, outputs):
        """(N, R, C, 4) xyxy boxes in pixels, one for each class, and (N, R, C) scores, before suppression."""
        return outputs

    def raw(self):
        """What predict.decode_boxes.decode needs to know of the raw outputs, as plain values."""
        return {"kind": "rcnn"}

    def losses(self, outputs, batch):
        """{"loss_rpn_cls", "loss_rpn_reg", "loss_bbox_cls", "loss_bbox_reg"}, each a mean over what counts.

        outputs: a Half, so the head must be in training mode; batch norm may be frozen. batch: boxes (n, M, 4) pixels,
        labels (n, M), -1 where there is none; perhaps difficult (n, M) bool: such a box is not learnt, and places that
        overlap it do not count as background either; perhaps weight (n, M), how much a box counts. What counts is drawn
        by a seed from Paddle's generator, which the trainer sets at each step.
        """
        scores, deltas, features, size = outputs
        pictures = split(truth(batch))
        rng = np.random.default_rng(int(paddle.randint(0, 2**31 - 1, [1]))) if self.shuffle else None
        proposals = self.rpn.propose(scores, deltas, size, *self.train_limits)
        return {**self.rpn.losses(scores, deltas, pictures, rng),
                **self.roi.losses(features, proposals, pictures, rng)}

    def class_layers(self):
        """{layer: (values a class has, other values)} of the layers whose width the class count decides."""
        return {"roi.score": (1, 1), "roi.delta": (4, 0)}

    def detection_name(self, key, backbone):
        """The PaddleDetection key of our key without `head.` in front."""
        layer, _, rest = key.rpartition(".")
        return f"{OFFICIAL[layer]}.{rest}"


@paddle.jit.not_to_static
def _open(x):
    """Whether an axis of a tensor in a graph is left open. In a function that is traced, Paddle makes it a tensor."""
    return min(x.shape) < 0
