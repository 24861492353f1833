"""Steps on a whole batch: blend its pictures in pairs, with the loss blended alike; give each batch its own size."""

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
        self.check(batch)
        image = batch["image"]
        partner, lam = np.arange(len(image)), 1.0
        if rng.random() < self.p:
            partner = rng.permutation(len(image))
            image, lam = self.blend(image, image[partner], float(rng.beta(self.alpha, self.alpha)), rng)
        return {**batch, "image": image, **self.mixed(batch, partner, lam)}

    def check(self, batch):
        """ConfigError unless each picture of the batch has a class."""
        if "label" not in batch or (batch["label"] < 0).any():
            name = type(self).__name__
            raise ConfigError(f"{name} needs one class label for each picture; remove it from the config")

    def mixed(self, batch, partner, lam):
        """The labels of a batch whose picture i is, by 1 - lam, also picture partner[i]."""
        return {"label_b": batch["label"][partner], "lam": np.full(len(partner), lam, np.float32)}

    def blend(self, image, other, lam, rng):
        """(mixed pictures, share of the first); `other` is a fresh array that may be written into."""
        raise NotImplementedError


@BATCH_TRANSFORMS.register
class Mixup(_Mixing):
    """Weighted mean of two pictures (arXiv:1710.09412).

    In a batch with boxes a picture has those of both (arXiv:1902.04103), and "weight" (N, M) float32 says how much
    each counts: lam, 1 - lam, or 0 where there is no box. An alpha of 1.5 is usual there.
    """

    def __init__(self, alpha=0.2, p=1.0):
        super().__init__(alpha, p)

    def check(self, batch):
        """ConfigError if there is nothing to mix by: neither boxes nor a class for each picture."""
        if "boxes" not in batch:
            super().check(batch)

    def mixed(self, batch, partner, lam):
        """The labels, or the boxes, of a batch whose picture i is, by 1 - lam, also picture partner[i]."""
        return pooled(batch, partner, lam) if "boxes" in batch else super().mixed(batch, partner, lam)

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
    """The config's batch transforms, in order. Mixing twice has no meaning, so one such step is drawn a batch."""

    def __init__(self, parts, place="transforms.batch"):
        self.steps = [BATCH_TRANSFORMS.build(part, f"{place}.{i}") for i, part in enumerate(parts)]

    def __call__(self, batch, rng):
        mixing = [step for step in self.steps if isinstance(step, _Mixing)]
        drawn = mixing[rng.integers(len(mixing))] if mixing else None
        for step in self.steps:
            if step is drawn or not isinstance(step, _Mixing):
                batch = step(batch, rng)
        return batch


def pooled(batch, partner, lam):
    """{boxes, labels, difficult, weight} of a batch whose picture i is, by 1 - lam, also picture partner[i].

    Each picture has its own boxes first, then those of its partner; one that is its own partner has its own alone.
    """
    labels = batch["labels"]
    own, other = labels >= 0, (labels >= 0)[partner] & (partner != np.arange(len(partner)))[:, None]
    share = np.where((partner == np.arange(len(partner)))[:, None], 1.0, lam)
    there = np.hstack([own, other])
    both = {name: np.hstack([batch[name], batch[name][partner]]) for name in ("boxes", "labels", "difficult")}
    both["weight"] = np.hstack([own * share, other * (1 - lam)]).astype(np.float32)
    order = np.argsort(~there, axis=1, kind="stable")  # boxes to the front, the padding behind them
    order = order[:, : max(1, there.sum(axis=1).max())]
    rows = np.arange(len(partner))[:, None]
    pool = {name: values[rows, order] for name, values in both.items()}
    gone = ~there[rows, order]
    pool["boxes"][gone], pool["labels"][gone], pool["difficult"][gone] = 0, -1, False
    return pool
