"""Blend the pictures of a batch in pairs; the loss is blended alike."""

import numpy as np

from ..errors import ConfigError
from .base import BATCH_TRANSFORMS, Transform
from .parts import check_number


class _Mixing(Transform):
    """Pair each picture with another of the batch, with probability `p` for the whole batch.

    Called with a dict whose "image" is (N, 3, H, W) float32 and "label" (N,) int64, it returns a new dict
    with "image" mixed, "label_b" (N,) int64 of the partners, and "lam" (N,) float32, the share of the first
    label: loss = lam * loss(label) + (1 - lam) * loss(label_b). lam is drawn from Beta(alpha, alpha).
    """

    def __init__(self, alpha, p):
        check_number("alpha", alpha, 1e-6)
        check_number("p", p, 0, 1)
        self.alpha, self.p = alpha, p

    def __call__(self, batch, rng):
        image, label = batch["image"], batch["label"]
        if (label < 0).any():
            name = type(self).__name__
            raise ConfigError(f"{name} needs one class label for each picture; remove it from the config")
        partner, lam = np.arange(len(image)), 1.0
        if rng.random() < self.p:
            partner = rng.permutation(len(image))
            image, lam = self.blend(image, image[partner], float(rng.beta(self.alpha, self.alpha)), rng)
        return {**batch, "image": image, "label_b": label[partner], "lam": np.full(len(image), lam, np.float32)}

    def blend(self, image, other, lam, rng):
        """(mixed pictures, share of the first); `other` is a fresh array that may be written into."""
        raise NotImplementedError


@BATCH_TRANSFORMS.register
class Mixup(_Mixing):
    """Weighted mean of two pictures (arXiv:1710.09412)."""

    def __init__(self, alpha=0.2, p=1.0):
        super().__init__(alpha, p)

    def blend(self, image, other, lam, rng):
        """lam * image + (1 - lam) * other, computed in place of `other`."""
        other *= np.float32(1 - lam)
        other += np.float32(lam) * image
        return other, lam


@BATCH_TRANSFORMS.register
class CutMix(_Mixing):
    """A rectangle of one picture pasted into the other (arXiv:1905.04899)."""

    def __init__(self, alpha=1.0, p=1.0):
        super().__init__(alpha, p)

    def blend(self, image, other, lam, rng):
        """Paste a window of `other` of 1 - lam of the area; the edge may cut it, so lam is counted again."""
        height, width = image.shape[2:]
        half = np.sqrt(1 - lam) / 2
        y, x = rng.integers(height), rng.integers(width)
        top, bottom = np.clip([round(y - half * height), round(y + half * height)], 0, height)
        left, right = np.clip([round(x - half * width), round(x + half * width)], 0, width)
        mixed = image.copy()
        mixed[:, :, top:bottom, left:right] = other[:, :, top:bottom, left:right]
        return mixed, 1 - (bottom - top) * (right - left) / (height * width)


class BatchCompose:
    """The config's batch transforms. Mixing twice has no meaning, so one of them is drawn for each batch."""

    def __init__(self, parts, place="transforms.batch"):
        self.steps = [BATCH_TRANSFORMS.build(part, f"{place}.{i}") for i, part in enumerate(parts)]

    def __call__(self, batch, rng):
        return self.steps[rng.integers(len(self.steps))](batch, rng) if self.steps else batch
