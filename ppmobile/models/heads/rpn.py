"""The region proposal network: where in the picture there may be an object, of whatever class."""

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, nn

from ...compat import suppress
from ...predict.anchors import grid, shapes_of_area
from ..boxes import at_least, constant, encode, moved
from ..proposals import match, sample

STD = (1.0, 1.0, 1.0, 1.0)  # of the deltas
LOW, HIGH = 0.3, 0.7  # overlap below which an anchor is background, and from which it learns a box
SHARE = 0.5  # of the anchors that count, at most so many learn a box
SUPPRESS = 0.7  # proposals that overlap a better one by more go


class RPN(nn.Layer):
    """Region proposal network (arXiv:1506.01497, section 3.1), shared by all maps.

    channels: of each map. strides: of the maps in pixels. anchor_scale: side of the square anchor of a map, in its
    strides. ratios: height / width of the anchors. samples: anchors of a picture that count in a step. loss: of the
    deltas, a function of losses.BOX_LOSSES.
    """

    def __init__(self, channels, strides, anchor_scale, ratios, samples, loss):
        super().__init__()
        self.strides, self.samples, self.loss = list(strides), samples, loss
        self.shapes = [shapes_of_area(anchor_scale * stride, ratios) for stride in strides]
        self.conv = _conv(channels, channels, 3)
        self.score = _conv(channels, len(ratios), 1)
        self.delta = _conv(channels, 4 * len(ratios), 1)

    def forward(self, features):
        """List of maps to two lists of maps: logits (N, K, H, W) and deltas (N, 4 K, H, W) of K anchors a cell."""
        hidden = [F.relu(self.conv(x)) for x in features]
        return [self.score(x) for x in hidden], [self.delta(x) for x in hidden]

    def anchors(self, maps):
        """A float32 array (H, W, K, 4) of xyxy boxes in pixels for each of the maps."""
        return [grid(x.shape[2:], stride, shape) for x, stride, shape in zip(maps, self.strides, self.shapes)]

    @paddle.no_grad()
    def propose(self, scores, deltas, size, before, after):
        """(N, after, 4) xyxy boxes in pixels inside the picture, the best first; the last ones may be empty.

        scores, deltas: of forward. size: (height, width) of the input. before: boxes of a map that go into
        suppression. after: boxes of a picture that come out, from all maps together.
        """
        anchors = [self._tensor(x.shape[2:], stride, shape)
                   for x, stride, shape in zip(scores, self.strides, self.shapes)]
        levels = list(zip([_rows(x, 1) for x in scores], [_rows(x, 4) for x in deltas], anchors))
        return paddle.stack([_best([_kept(score[i], delta[i], fixed, size, before)
                                    for score, delta, fixed in levels], after) for i in range(scores[0].shape[0])])

    def _tensor(self, map_size, stride, shape):
        """The anchors of one map as a tensor (A, 4), which a graph computes from a few numbers."""
        if paddle.in_dynamic_mode():
            return paddle.to_tensor(grid(map_size, stride, shape).reshape(-1, 4))
        height, width = map_size
        zeros = paddle.zeros([height, width, 1, 1])
        x = paddle.cumsum(paddle.full([width], float(stride))).reshape([1, width, 1, 1]) - stride + zeros
        y = paddle.cumsum(paddle.full([height], float(stride))).reshape([height, 1, 1, 1]) - stride + zeros
        base = constant((np.concatenate([-shape, shape], axis=1) / 2).reshape(-1)).reshape([1, 1, -1, 4])
        return (paddle.concat([x, y, x, y], axis=-1) + base).reshape([-1, 4])

    def losses(self, scores, deltas, pictures, rng=None):
        """{"loss_rpn_cls", "loss_rpn_reg"}: sums over the anchors that count, divided by how many may count.

        scores, deltas: of forward. pictures: as proposals.split gives them. rng: chooses the anchors, see
        proposals.sample.
        """
        anchors = np.concatenate([x.reshape(-1, 4) for x in self.anchors(scores)])
        chosen = [self._chosen(anchors, index * len(anchors), *one, rng) for index, one in enumerate(pictures)]
        places, weights, background, sources, targets = (np.concatenate(part) for part in zip(*chosen))
        limit = self.samples * len(pictures)
        truth = np.concatenate([np.ones_like(places), np.zeros_like(background)]).astype(np.float32)
        weight = np.concatenate([weights, np.ones(len(background), np.float32)])
        logits = _gather(_flat(scores, 1), np.concatenate([places, background])).squeeze(-1)
        losses = {"loss_rpn_cls": F.binary_cross_entropy_with_logits(
            logits, paddle.to_tensor(truth), weight=paddle.to_tensor(weight), reduction="sum") / limit}
        if not len(places):
            return {**losses, "loss_rpn_reg": paddle.zeros([])}
        wanted = encode(paddle.to_tensor(targets), paddle.to_tensor(sources), STD)
        loss = self.loss(_gather(_flat(deltas, 4), places), wanted) * paddle.to_tensor(weights[:, None])
        return {**losses, "loss_rpn_reg": loss.sum() / limit}

    def _chosen(self, anchors, first, boxes, _, weights, unclear, rng):
        """Of one picture: places that learn, their weights, places of background, anchors and boxes of the former."""
        found = match(anchors, boxes, unclear, LOW, HIGH, best=True)
        learnt, background = sample(found.label, self.samples, SHARE, rng)
        box = found.box[learnt]
        return first + learnt, weights[box], first + background, anchors[learnt], boxes[box]


def _conv(in_channels, channels, kernel_size):
    weight = ParamAttr(initializer=nn.initializer.Normal(0.0, 0.01))
    return nn.Conv2D(in_channels, channels, kernel_size, padding=kernel_size // 2, weight_attr=weight)


def _kept(scores, deltas, anchors, size, before):
    """Rows (k, 6) of one map and picture: what suppression leaves of its best `before`, but for boxes below a pixel.

    scores: (A, 1) logits. deltas, anchors: (A, 4). size: (height, width) of the input.
    """
    scores = scores.reshape([-1])
    if anchors.shape[0] > before:
        scores, index = paddle.topk(scores, before)
        deltas, anchors = paddle.gather(deltas, index), paddle.gather(anchors, index)
    boxes = moved(anchors, deltas, STD, size)
    whole = at_least(boxes[:, 2:] - boxes[:, :2], 1.0)
    scores = F.sigmoid(scores) * whole[:, 0] * whole[:, 1]
    return suppress(boxes.unsqueeze(0), scores.reshape([1, 1, -1]), SUPPRESS, before)


def _best(levels, after):
    """(after, 4) boxes of the largest scores of one picture. levels: rows (k, 6) as of compat.suppress."""
    rows = paddle.concat([*levels, paddle.zeros([after, 6])])  # an empty box scores less than any other
    return paddle.gather(rows[:, 2:], paddle.topk(rows[:, 1], after)[1])


def _rows(x, width):
    """(N, K * width, H, W) to (N, H * W * K, width)."""
    return x.transpose([0, 2, 3, 1]).reshape([x.shape[0], -1, width])


def _flat(maps, width):
    """(N * A, width) rows of maps (N, K * width, H, W): picture by picture, map by map, cell by cell."""
    return paddle.concat([_rows(x, width) for x in maps], axis=1).reshape([-1, width])


def _gather(rows, places):
    return paddle.gather(rows, paddle.to_tensor(places))
