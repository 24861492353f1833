"""Anchor sizes that fit the boxes of a data set: k-means by overlap, as YOLO's are found (arXiv:1612.08242)."""

import numpy as np

from ..errors import DataError
from .faults import picture_size
from .frame import whole
from .sample import Sample

MOST = 5000  # pictures that are read; more of them no longer move the anchors
RESTARTS = 10  # of the k-means, from other starting points
ROUNDS = 300  # at most, of moving the anchors; it settles long before


def iou_of_sizes(sizes, anchors):
    """(N, K) intersection over union of boxes (N, 2) and (K, 2) (width, height) that share their centre."""
    common = np.minimum(sizes[:, None], anchors[None]).prod(axis=2)
    return common / (sizes.prod(axis=1)[:, None] + anchors.prod(axis=1)[None] - common)


def fit(sizes, anchors):
    """Mean over the boxes (N, 2) of the IoU with their best anchor, 0..1."""
    return float(iou_of_sizes(sizes, np.float64(anchors)).max(axis=1).mean())


def find_anchors(sizes, count, seed=0):
    """(count, 2) float64 widths and heights for boxes (N, 2), by rising area: the best of some k-means runs.

    The distance is 1 - IoU, so that a small box counts as much as a large one. DataError if the boxes have fewer
    than `count` different sizes.
    """
    sizes = np.asarray(sizes, np.float64)
    different = len(np.unique(sizes, axis=0))
    if different < count:
        raise DataError(f"{len(sizes)} boxes of {different} different sizes are too few for {count} anchors; "
                        "ask for fewer")
    rng = np.random.default_rng(seed)
    runs = [_settled(sizes, _start(sizes, count, rng)) for _ in range(RESTARTS)]
    best = max(runs, key=lambda anchors: fit(sizes, anchors))
    return best[np.argsort(best.prod(axis=1), kind="stable")]


def box_sizes(dataset, transforms, seed=0):
    """((N, 2) float64 widths and heights in the pixels that the net sees, (N,) the item each is from, their number).

    transforms: those of evaluation. Of more than 5000 pictures so many are drawn, and only their headers are read:
    the transforms see an empty picture of each size. Boxes that are not trained on (difficult) and those without an
    area are left out. DataError if none remain.
    """
    drawn = np.sort(np.random.default_rng(seed).permutation(len(dataset))[:MOST]).tolist()
    places, found, owners = {}, [np.zeros((0, 2))], []
    for index in drawn:
        item = dataset.items[index]
        size = picture_size(item["path"])
        boxes = item.get("boxes", np.zeros((0, 4)))[~item.get("difficult", np.zeros(0, bool))]
        if size is None or not len(boxes):
            continue
        if size not in places:
            places[size] = place_in_input(size, transforms)
        found.append(sizes_in_input(boxes, size, *places[size]))
        owners += [index] * len(boxes)
    sizes, owners = np.concatenate(found), np.array(owners, int)
    kept = (sizes > 0).all(axis=1)
    if not kept.any():
        raise DataError(f"{dataset.root}: no boxes in its {len(drawn)} pictures, or none of those can be read; anchors "
                        "need a detection data set")
    return sizes[kept], owners[kept], len(drawn)


def place_in_input(size, transforms):
    """(frame, (width, height) of the net's input) of pictures of `size` (width, height) after `transforms`.

    frame: (4,) xyxy, where the whole picture lies in the input.
    """
    width, height = size
    sample = transforms(whole(Sample(np.zeros((height, width, 3), np.uint8))))
    image = sample.image if sample.image.shape[-1] == 3 else np.moveaxis(sample.image, 0, -1)  # after ToCHW
    return np.float64(sample.frame), (image.shape[1], image.shape[0])


def sizes_in_input(boxes, size, frame, limit):
    """(N, 2) widths and heights of boxes (N, 4) of a picture of `size`, where `place_in_input` puts it, cut there."""
    scale = (frame[2:] - frame[:2]) / np.float64(size)
    corners = [(boxes[:, i:i + 2] * scale + frame[:2]).clip(0, np.float64(limit)) for i in (0, 2)]
    return corners[1] - corners[0]


def plain(anchors):
    """Anchors (K, 2) as a list for a config, in tenths of a pixel."""
    return [[round(float(side), 1) for side in anchor] for anchor in anchors]


def _start(sizes, count, rng):
    """Starting points far apart: each is a box drawn by its squared distance to those before (k-means++)."""
    chosen = [sizes[rng.integers(len(sizes))]]
    for _ in range(count - 1):
        distance = (1 - iou_of_sizes(sizes, np.array(chosen)).max(axis=1)).clip(0) ** 2
        distance[(sizes[:, None] == np.array(chosen)).all(axis=2).any(axis=1)] = 0  # no box twice
        chosen.append(sizes[rng.choice(len(sizes), p=distance / distance.sum())])
    return np.array(chosen)


def _settled(sizes, anchors):
    """The anchors moved to the means of their boxes until no box changes its anchor."""
    before = None
    for _ in range(ROUNDS):
        nearest = iou_of_sizes(sizes, anchors).argmax(axis=1)
        if before is not None and (nearest == before).all():
            break
        members = np.bincount(nearest, minlength=len(anchors))
        sums = [np.bincount(nearest, side, minlength=len(anchors)) for side in sizes.T]
        means = np.stack(sums, axis=1) / np.maximum(members, 1)[:, None]
        anchors, before = np.where(members[:, None] > 0, means, anchors), nearest
    return anchors
