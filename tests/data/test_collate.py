"""Batches of a task: padded boxes by hand, and detection batches through the Loader."""

import numpy as np
import pytest

from ppmobile.data.collate import collate
from ppmobile.data.frame import to_original, whole
from ppmobile.data.loader import Loader
from ppmobile.data.sample import Sample
from ppmobile.transforms import BatchCompose, Compose

STEPS = [{"name": "Mosaic", "size": 24, "p": 0.5}, {"name": "RandomIoUCrop"}, {"name": "RandomResize", "sizes": [16]},
         {"name": "Flip"}, {"name": "Normalize"}, {"name": "ToCHW"}]  # fmt: skip


class Boxes:
    """A dataset of 12 noisy pictures of different sizes; picture i has i % 4 boxes."""

    root = ""

    def __len__(self):
        return 12

    def load(self, index):
        rng = np.random.default_rng(index)
        height, width = rng.integers(20, 50, 2).tolist()
        corners = np.sort(rng.uniform(0, 1, (index % 4, 2, 2)), axis=1).reshape(-1, 4)
        boxes = (corners * [width, height, width, height]).astype(np.float32)
        image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        return whole(Sample(image, boxes=boxes, labels=np.arange(len(boxes)), index=index, path=f"{index}.png"))


def sample(count, difficult=None):
    image = np.zeros((3, 8, 8), np.float32)
    boxes = np.arange(4 * count, dtype=np.float32).reshape(-1, 4)
    return Sample(image, boxes=boxes, labels=np.arange(count) + 5, difficult=difficult, index=count,
                  frame=np.float32([0, 0, 8, 8]), size=(10, 20))  # fmt: skip


def test_boxes_are_padded_to_the_fullest_picture():
    batch = collate([sample(1, np.array([True])), sample(0), sample(2)], "detect")
    assert set(batch) == {"image", "boxes", "labels", "difficult", "frame", "size", "index"}
    assert batch["boxes"].tolist() == [[[0, 1, 2, 3], [0] * 4], [[0] * 4] * 2, [[0, 1, 2, 3], [4, 5, 6, 7]]]
    assert batch["labels"].tolist() == [[5, -1], [-1, -1], [5, 6]]
    assert batch["difficult"].tolist() == [[True, False], [False, False], [False, False]]
    assert batch["size"].tolist() == [[10, 20]] * 3 and batch["index"].tolist() == [1, 0, 2]
    assert [batch[k].dtype for k in ("image", "boxes", "labels", "difficult", "frame", "size")] == [
        np.float32, np.float32, np.int64, bool, np.float32, np.int64]  # fmt: skip


def test_a_batch_without_boxes_has_room_for_one():
    batch = collate([sample(0), sample(0)], "detect")
    assert batch["boxes"].shape == (2, 1, 4) and batch["labels"].tolist() == [[-1], [-1]]


def test_classification_batches_stay_as_they_are():
    assert set(collate([sample(0)], "classify")) == {"image", "label", "index"}


def loader(**options):
    scale = [BatchCompose([{"name": "Mixup", "alpha": 1.5}, {"name": "MultiScale", "sizes": [8, 16]}])]
    return Loader(Boxes(), Compose(STEPS), 4, scale, **{"shuffle": True, "task": "detect", **options})


def equal(a, b):
    """Two lists of batches, to the bit."""
    return len(a) == len(b) and all(x.keys() == y.keys() and all(np.array_equal(x[k], y[k]) for k in x)
                                    for x, y in zip(a, b))  # fmt: skip


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_and_a_late_start_change_nothing(workers):
    whole_epoch = list(loader().epoch(1))
    assert equal(list(loader(workers=workers).epoch(1)), whole_epoch)
    assert equal(list(loader().epoch(1, start=2)), whole_epoch[2:])
    assert not equal(list(loader().epoch(2)), whole_epoch)


def test_all_processes_give_a_batch_the_same_size():
    parts = [list(loader(rank=rank, world=2).epoch(0)) for rank in range(2)]
    sizes = [[batch["image"].shape[2:] for batch in part] for part in parts]
    assert sizes[0] == sizes[1]
    many = {batch["image"].shape[2] for epoch in range(6) for batch in loader().epoch(epoch)}
    assert many == {8, 16}


def test_evaluation_batches_lead_back_to_the_labels():
    steps = [{"name": "Resize", "size": 20, "keep_ratio": True}, {"name": "Pad", "size": 20}, *STEPS[-2:]]
    dataset = Boxes()
    for batch in Loader(dataset, Compose(steps), 5, task="detect").epoch(0):
        back = to_original(batch["boxes"], batch["frame"], batch["size"])
        for row, index in enumerate(batch["index"].tolist()):
            true = dataset.load(index)
            kept = batch["labels"][row] >= 0
            assert np.allclose(back[row][kept], true.boxes, atol=1e-3)
            assert batch["labels"][row][kept].tolist() == true.labels.tolist()
            assert batch["size"][row].tolist() == [true.height, true.width]
