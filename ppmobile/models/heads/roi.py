"""The second stage: what each proposed region of the picture shows, and where exactly it is."""

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, nn
from paddle.vision.ops import roi_align

from ..boxes import STD, area, at_least, encode, moved
from ..proposals import match, sample

POOLED = 4  # the finest so many maps are pooled from, as in the FPN paper; coarser ones only propose
FINEST = 112.0  # boxes of a side from here on, in pixels, are pooled from the second map, and so on by factors of 2
ENDLESS = 1e9  # pixels
RESOLUTION = 7  # cells of a pooled region, each way
SAMPLES = 2  # points each way whose mean a cell is
OVERLAP = 0.5  # from which a region learns a box; it is background below
SHARE = 0.25  # of the regions that count, at most so many learn a box


class RoIHead(nn.Layer):
    """RoIAlign, two linear layers, class scores and a box for each class (arXiv:1504.08083, on a pyramid: 1612.03144).

    channels: of the maps. strides: of the maps in pixels, from fine to coarse. width: of the linear layers. samples:
    regions of a picture that count in a step. loss: of the deltas, a function of losses.BOX_LOSSES.
    """

    def __init__(self, channels, strides, num_classes, width, samples, loss):
        super().__init__()
        self.strides, self.num_classes, self.samples, self.loss = strides[:POOLED], num_classes, samples, loss
        between = [FINEST * 2**level for level in range(len(self.strides) - 1)]
        self.limits = [0.0, *between, ENDLESS]
        pooled = channels * RESOLUTION**2
        self.fc1 = nn.Linear(pooled, width, ParamAttr(initializer=nn.initializer.XavierUniform(fan_out=pooled)))
        self.fc2 = nn.Linear(width, width, ParamAttr(initializer=nn.initializer.XavierUniform()))
        self.score = nn.Linear(width, num_classes + 1, ParamAttr(initializer=nn.initializer.Normal(0.0, 0.01)))
        self.delta = nn.Linear(width, 4 * num_classes, ParamAttr(initializer=nn.initializer.Normal(0.0, 0.001)))

    def forward(self, features, boxes, counts):
        """Logits (R, C + 1), the last one for background, and deltas (R, C, 4) of (R, 4) xyxy boxes in pixels.

        counts: how many of the boxes, in order, belong to each picture, as a list.
        """
        x = self.pool(features, boxes, counts).reshape([-1, self.fc1.weight.shape[0]])
        x = F.relu(self.fc2(F.relu(self.fc1(x))))
        return self.score(x), self.delta(x).reshape([-1, self.num_classes, 4])

    def pool(self, features, boxes, counts):
        """(R, channels, 7, 7) values under each box, from the map that suits its size (arXiv:1612.03144, eq. 1)."""
        side = paddle.sqrt(area(boxes)).unsqueeze(-1)
        reached = [at_least(side, limit) for limit in self.limits]
        owner = [here - next_ for here, next_ in zip(reached, reached[1:])]  # (R, 1) each, 1 where a map pools a box
        if not paddle.in_dynamic_mode():
            return self._pool_in_a_graph(features, boxes, counts, owner)
        picture, owner, pooled, order = np.repeat(np.arange(len(counts)), counts), paddle.concat(owner, 1), [], []
        for x, stride, column in zip(features, self.strides, owner.numpy().T):
            mine = np.flatnonzero(column)
            if len(mine):
                count = np.bincount(picture[mine], minlength=len(counts))
                pooled.append(_align(x, paddle.gather(boxes, paddle.to_tensor(mine)),
                                     paddle.to_tensor(count.astype(np.int32)), stride))
                order.append(mine)
        return paddle.gather(paddle.concat(pooled), paddle.to_tensor(np.argsort(np.concatenate(order))))

    def _pool_in_a_graph(self, features, boxes, counts, owner):
        """The same by operators that all runtimes have, and without tensors of changing length.

        Each map pools all boxes, those of other maps as empty ones, and what does not belong to it is zeroed.
        """
        counts, total = paddle.full([len(counts)], counts[0], "int32"), 0  # in a graph all pictures have as many
        for x, stride, mine in zip(features, self.strides, owner):
            total += _align(x, boxes * mine, counts, stride) * mine.reshape([-1, 1, 1, 1])
        return total

    def answer(self, features, boxes, size):
        """(N, R, C, 4) xyxy boxes in pixels inside the picture, one for each class, and (N, R, C) scores.

        boxes: (N, R, 4) proposals. size: (height, width) of the input. An empty proposal scores 0.
        """
        count, each = boxes.shape[:2]
        flat = boxes.reshape([-1, 4])
        logits, deltas = self(features, flat, [each] * count)
        scores = F.softmax(logits)[:, :-1] * at_least(area(flat).unsqueeze(-1), 0.5)
        found = moved(flat.unsqueeze(1), deltas, STD, size)
        return found.reshape([count, each, -1, 4]), scores.reshape([count, each, -1])

    def losses(self, features, proposals, pictures, rng=None):
        """{"loss_bbox_cls", "loss_bbox_reg"}: means over the regions that count.

        features: maps. proposals: (N, R, 4) boxes, to which the true ones are added. pictures: as proposals.split gives
        them. rng: chooses the regions, see proposals.sample.
        """
        chosen = [self._chosen(*one, rng) for one in zip(proposals.numpy(), pictures)]
        boxes, labels, weights, targets = (np.concatenate(part) for part in zip(*chosen))
        if not len(boxes):
            return {name: paddle.zeros([]) for name in ("loss_bbox_cls", "loss_bbox_reg")}
        logits, deltas = self(features, paddle.to_tensor(boxes), [len(one[0]) for one in chosen])
        entropy = F.cross_entropy(logits, paddle.to_tensor(labels), reduction="none").squeeze(-1)
        losses = {"loss_bbox_cls": (entropy * paddle.to_tensor(weights)).sum() / len(boxes)}
        learnt = np.flatnonzero(labels < self.num_classes)
        if not len(learnt):
            return {**losses, "loss_bbox_reg": paddle.zeros([])}
        place = paddle.to_tensor(learnt * self.num_classes + labels[learnt])
        wanted = encode(paddle.to_tensor(targets), paddle.to_tensor(boxes[learnt]), STD)
        loss = self.loss(paddle.gather(deltas.reshape([-1, 4]), place), wanted)
        return {**losses, "loss_bbox_reg": (loss * paddle.to_tensor(weights[learnt, None])).sum() / len(boxes)}

    def _chosen(self, proposals, picture, rng):
        """Regions of one picture that count (k, 4), their classes and weights (k,), and the boxes of the first ones."""
        boxes, labels, weights, unclear = picture
        whole = (proposals[:, 2:] > proposals[:, :2]).all(axis=1)
        places = np.concatenate([proposals[whole], boxes])
        found = match(places, boxes, unclear, OVERLAP, OVERLAP)
        learnt, background = sample(found.label, self.samples, SHARE, rng)
        box, rest = found.box[learnt], len(background)
        return (places[np.concatenate([learnt, background])],
                np.concatenate([labels[box], np.full(rest, self.num_classes, labels.dtype)]),
                np.concatenate([weights[box], np.ones(rest, weights.dtype)]), boxes[box])


def _align(x, boxes, counts, stride):
    """RoIAlign (arXiv:1703.06870, section 3) of (R, 4) boxes in pixels; without its half-pixel shift, as published."""
    return roi_align(x, boxes, counts, RESOLUTION, 1 / stride, SAMPLES, aligned=False)
