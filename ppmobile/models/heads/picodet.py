"""The PicoDet head: at each cell a score for each class that knows its box's quality, and a distribution a side."""

import math

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import nn

from .. import HEADS
from ..assign import truth
from ..assign_points import assign_aligned, assign_static, inside, points
from ..losses import distribution_focal, iou_loss, varifocal
from ..picodet_parts import Excite, Held, Quality, output, tower
from .detector import Detector

PRIOR = 0.01  # score a fresh class layer gives everywhere (arXiv:1708.02002, section 4.1)
BOX_WEIGHT, SIDES_WEIGHT = 2.5, 0.5  # of the losses, configs/picodet/_base_/picodet_v2.yml of PaddleDetection
TINY = 1e-9  # keeps the gradient of the square root finite
MARGIN = 0.1  # by which a learnt distance stays below the last step
OFFICIAL = {"excites": "conv_feat.se", "classes": "head_cls_list", "sides": "head_reg_list", "quality": "cls_align"}
QUALITY = {"depthwise.conv": "dwconv", "depthwise.norm": "bn1", "pointwise.conv": "pwconv", "pointwise.norm": "bn2"}


@HEADS.register
class PicoHead(Detector):
    """PicoDet (arXiv:2111.00902) in its later form, PaddleDetection's PicoHeadV2.

    convs: depthwise pairs in each map's tower. reg_max: a side lies at most so many strides from its cell's centre.
    static_epochs: for so many epochs boxes are assigned by geometry (ATSS), then by the net's own answers (TAL).
    """

    nms = {"score_threshold": 0.025, "iou_threshold": 0.6, "top_k": 1000, "keep": 100}

    def __init__(self, in_channels, strides, num_classes, convs=2, reg_max=7, static_epochs=100):
        super().__init__()
        if convs < 1 or reg_max < 1 or static_epochs < 0:
            raise ValueError(f"convs {convs} and reg_max {reg_max} must be at least 1, static_epochs {static_epochs} "
                             "at least 0")
        self.strides, self.num_classes, self.reg_max = list(strides), num_classes, reg_max
        self.static_epochs, self.epoch = static_epochs, 0
        self.excites = nn.LayerList(Excite(width) for width in in_channels)
        self.towers = nn.LayerList(tower(width, convs) for width in in_channels)
        self.unused = nn.LayerList(Held([1.0]) for _ in in_channels)  # of the published state dict, used nowhere
        self.steps = Held(np.arange(reg_max + 1))
        self.classes = nn.LayerList(output(width, num_classes, -math.log(1 / PRIOR - 1)) for width in in_channels)
        self.sides = nn.LayerList(output(width, 4 * (reg_max + 1)) for width in in_channels)
        self.quality = nn.LayerList(Quality(width) for width in in_channels)

    def start_epoch(self, epoch):
        """Be told the number of the epoch, from 0, that begins; it decides the assignment."""
        self.epoch = epoch

    def forward(self, features):
        """List of L maps to L maps of squared scores (N, classes, H, W), then L logits of sides (N, 4 * steps, H, W).

        The root is left to the decoding: a runtime's last bit at a square near 0 would be a visible error of its root.
        """
        scores, sides = [], []
        for level, x in enumerate(features):
            x = self.towers[level](x)
            excited = self.excites[level](x)
            scores.append(F.sigmoid(self.classes[level](excited)) * F.sigmoid(self.quality[level](x)))
            sides.append(self.sides[level](excited))
        return [*scores, *sides]

    def answer(self, outputs):
        """(N, A, 4) xyxy boxes in pixels, perhaps beyond the picture, and (N, A, classes) scores, before suppression.

        A counts map by map, row by row.
        """
        places, logits, scores = self._flat(outputs)
        return self._boxes(logits, places) * paddle.to_tensor(places.strides[:, None]), scores

    def raw(self):
        """What predict.decode_boxes.decode needs to know of the raw maps, as plain values."""
        return {"kind": "gfl", "strides": self.strides}

    def _flat(self, outputs):
        """(Points, (N, A, 4, steps) logits of the sides, (N, A, classes) scores) of all maps in a row."""
        scores, sides = outputs[: len(self.strides)], outputs[len(self.strides):]
        places = points([x.shape[2:] for x in scores], self.strides)
        scores, sides = (paddle.concat([x.flatten(2) for x in part], axis=2).transpose([0, 2, 1])
                         for part in (scores, sides))
        return places, sides.reshape([0, -1, 4, self.reg_max + 1]), (scores + TINY).sqrt()

    def _boxes(self, logits, places):
        """(N, A, 4) xyxy boxes in strides of each place's map."""
        distance = (F.softmax(logits) * self.steps.value).sum(axis=-1)
        centres = paddle.to_tensor(places.centres / places.strides[:, None])
        return paddle.concat([centres - distance[..., :2], centres + distance[..., 2:]], axis=-1)

    def losses(self, outputs, batch):
        """{"loss_vfl", "loss_bbox", "loss_dfl"}: sums over the batch, over the sum of the wanted scores, at least 1.

        batch: boxes (n, M, 4) pixels, labels (n, M), -1 where there is none; perhaps difficult (n, M) bool: such a box
        is not learnt, and a place in it does not count as background; perhaps weight (n, M), how much a box counts.
        """
        places, logits, scores = self._flat(outputs)
        boxes, true = self._boxes(logits, places), truth(batch)
        target = self._assign(places, true, boxes.numpy() * places.strides[:, None], scores.numpy())
        total = max(1.0, float(target.score.sum()))
        return {"loss_vfl": self._class_loss(scores, places, true, target) / total,
                **self._box_losses(boxes, logits, places, true, target, total)}

    def _assign(self, places, true, boxes, scores):
        if self.epoch < self.static_epochs:
            return assign_static(places, true, boxes)
        return assign_aligned(places, true, boxes, scores)

    def _class_loss(self, scores, places, true, target):
        """Sum of the varifocal losses of all places, but those in difficult boxes that learn no other box."""
        learnt = np.nonzero(target.box >= 0)
        box = target.box[learnt]
        wanted = np.zeros(scores.shape, np.float32)
        wanted[(*learnt, true.labels[learnt[0], box])] = target.score[learnt]
        difficult = inside(places.centres, true.boxes) & (true.there & ~true.wanted)[..., None]
        weight = (~difficult.any(axis=1)).astype(np.float32)
        weight[learnt] = true.weight[learnt[0], box]
        return (varifocal(scores, paddle.to_tensor(wanted)) * paddle.to_tensor(weight[..., None])).sum()

    def _box_losses(self, boxes, logits, places, true, target, total):
        """Losses of the places that learn a box, each by its wanted score; all in strides of the place's map."""
        picture, place = np.nonzero(target.box >= 0)
        if not len(place):
            return {"loss_bbox": paddle.zeros([]), "loss_dfl": paddle.zeros([])}
        box, strides = target.box[picture, place], places.strides[place][:, None]
        wanted, centres = true.boxes[picture, box] / strides, places.centres[place] / strides
        weight = paddle.to_tensor(target.score[picture, place] * true.weight[picture, box] / np.float32(total))
        number = paddle.to_tensor(picture * target.box.shape[1] + place)
        answered, logits = (paddle.gather(x.reshape([-1, *x.shape[2:]]), number) for x in (boxes, logits))
        distance = np.concatenate([centres - wanted[:, :2], wanted[:, 2:] - centres], axis=1)
        distance = paddle.to_tensor(distance.clip(0, self.reg_max - MARGIN))
        overlap = iou_loss(answered, paddle.to_tensor(wanted), "giou")
        sides = distribution_focal(logits, distance).mean(axis=-1)
        return {"loss_bbox": BOX_WEIGHT * (overlap * weight).sum(),
                "loss_dfl": SIDES_WEIGHT * (sides * weight).sum()}

    def class_layers(self):
        """{layer: (values a class has, other values)} of the layers whose width the class count decides."""
        return {f"classes.{level}": (1, 0) for level in range(len(self.strides))}

    def detection_name(self, key, backbone):
        """The PaddleDetection key of our key without `head.` in front."""
        part, *rest = key.split(".")
        rest = ["norm" if word == "bn" else word for word in rest]
        if part == "towers":
            level, layer, *rest = rest
            kind = ("dw", "pw")[int(layer) % 2]
            return ".".join([f"head.conv_feat.cls_conv_{kind}{level}", str(int(layer) // 2), *rest])
        if part == "unused":
            return f"head.p{int(rest[0]) + 3}_feat.scale_reg"
        if part == "steps":
            return "head.distribution_project.project"
        if part == "quality":
            level, half, layer, kind = rest
            rest = [level, QUALITY[f"{half}.{layer}"], kind]
        return ".".join(["head", OFFICIAL[part], *rest])

    def detection_aliases(self):
        """Further PaddleDetection keys of a published file: it holds the last layers twice."""
        kinds = [(level, part, kind) for level in range(len(self.strides)) for part in ("cls", "reg")
                 for kind in ("weight", "bias")]
        return [f"head.head_{part}{level}.{kind}" for level, part, kind in kinds]
