"""Focal and global distillation of a detector's maps (FGD, arXiv:2111.11837)."""

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, nn

# weights of places in boxes, of the others, of attention and of the relation: the defaults of PaddleDetection's FGD
ALPHA, BETA, GAMMA, LAMBDA = 1e-3, 5e-4, 1e-3, 5e-6


class Context(nn.Layer):
    """A global context block (arXiv:1904.11492): to each place it adds what the whole map says, weighed by learning."""

    def __init__(self, channels):
        super().__init__()
        hidden = max(1, channels // 2)
        zero = ParamAttr(initializer=nn.initializer.Constant(0.0))  # so that a fresh block changes nothing
        self.mask = nn.Conv2D(channels, 1, 1)
        self.inner, self.norm = nn.Linear(channels, hidden), nn.LayerNorm(hidden)
        self.outer = nn.Linear(hidden, channels, weight_attr=zero)

    def forward(self, x):
        """(N, C, H, W) to the same shape."""
        places = F.softmax(self.mask(x).flatten(2))  # (N, 1, H * W)
        whole = paddle.matmul(x.flatten(2), places.transpose([0, 2, 1])).squeeze(-1)
        return x + self.outer(F.relu(self.norm(self.inner(whole)))).unsqueeze(-1).unsqueeze(-1)


def focal(student, teacher, boxes, size, temperature=0.5):
    """Scalar focal part of FGD of maps (N, C, H, W): a mean over the pictures.

    The teacher's attention says which places and channels count; places inside true boxes are weighed by
    box, so that small objects count as much as large ones. boxes: (N, M, 4) array, xyxy in pixels of the input of
    `size` (height, width), zeros where there is none.
    """
    place_t, channel_t = attentions(teacher, temperature)
    place_s, channel_s = attentions(student, temperature)
    inside, outside = (paddle.to_tensor(x) for x in masks(boxes, size, student.shape[2:]))
    square = ((student - teacher) ** 2 * channel_t.unsqueeze(-1).unsqueeze(-1)).sum(axis=1) * place_t
    apart = (place_s - place_t).abs().sum() + (channel_s - channel_t).abs().sum()
    return ((square * (ALPHA * inside + BETA * outside)).sum() + GAMMA * apart) / student.shape[0]


def relation(student, teacher):
    """Scalar global part of FGD of maps (N, C, H, W) behind their Context blocks."""
    return LAMBDA * ((student - teacher) ** 2).sum() / student.shape[0]


def attentions(x, temperature):
    """Attention of the places (N, H, W) and of the channels (N, C) of a map; the mean of each is 1."""
    count, channels, height, width = x.shape
    size = x.abs()
    places = F.softmax(size.mean(axis=1).reshape([count, -1]) / temperature) * (height * width)
    return places.reshape([count, height, width]), F.softmax(size.mean(axis=[2, 3]) / temperature) * channels


def masks(boxes, size, cells):
    """Two float32 arrays (N, H, W): the weights of places inside boxes, and of all others.

    A place in a box weighs 1 / cells that the box touches, in several boxes as in the smallest; the others of a picture
    weigh 1 together. boxes: (N, M, 4) xyxy in pixels of `size` (height, width); cells: (H, W) of the map.
    """
    scale = np.array([cells[1] / size[1], cells[0] / size[0]])
    low, high = np.floor(boxes[..., :2] * scale), np.ceil(boxes[..., 2:] * scale)
    columns, rows = (np.arange(count) for count in (cells[1], cells[0]))
    across, down = ((low[..., axis, None] <= place) & (place < high[..., axis, None])
                    for axis, place in enumerate((columns, rows)))  # (N, M, W), (N, M, H)
    area = np.maximum(1, across.sum(axis=-1) * down.sum(axis=-1))
    inside = (down[..., :, None] & across[..., None, :]) / area[..., None, None]
    inside = inside.max(axis=1).astype(np.float32)
    outside = (inside == 0).astype(np.float32)
    return inside, outside / np.maximum(1, outside.sum(axis=(1, 2), keepdims=True))
