"""Boxes of PicoDet's raw maps in NumPy: each side is the mean of a learnt distribution of distances."""

import numpy as np

TINY = np.float32(1e-9)  # as in the head, whose gradient needs it


def gfl(outputs, raw):
    """(n, A, 4) xyxy boxes in pixels and (n, A, C) scores (Generalized Focal Loss, arXiv:2006.04388, section 3.2).

    outputs: for each map squared scores (n, C, H, W), then for each map logits (n, 4 * K, H, W): for the left, upper,
    right and lower side how likely 0..K - 1 strides from the cell's centre are. raw: "strides" of the maps.
    """
    strides = raw["strides"]
    if len(outputs) != 2 * len(strides):
        raise ValueError(f"{len(outputs)} maps for {len(strides)} strides")
    boxes = [_boxes(*pair) for pair in zip(outputs[len(strides):], strides)]
    scores = [output.reshape(*output.shape[:2], -1).transpose(0, 2, 1) for output in outputs[: len(strides)]]
    return np.concatenate(boxes, axis=1), np.sqrt(np.concatenate(scores, axis=1) + TINY)


def _boxes(logits, stride):
    """(n, H * W, 4) xyxy boxes of the (n, 4 * K, H, W) logits of one map."""
    n, width, rows, columns = logits.shape
    logits = logits.reshape(n, 4, width // 4, rows * columns)
    share = np.exp(logits - logits.max(axis=2, keepdims=True))
    steps = np.arange(width // 4, dtype=np.float32)[:, None]
    distance = ((share * steps).sum(axis=2) / share.sum(axis=2)).transpose(0, 2, 1)
    centres = np.stack(np.divmod(np.arange(rows * columns), columns)[::-1], axis=1).astype(np.float32) + 0.5
    return np.concatenate([centres - distance[..., :2], centres + distance[..., 2:]], axis=-1) * np.float32(stride)
