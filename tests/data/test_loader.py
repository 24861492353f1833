"""Batches depend on the seed and the epoch alone."""

import numpy as np
import pytest

from ppmobile.data import ImageList
from ppmobile.data.loader import Loader
from ppmobile.transforms import Compose

STEPS = [{"name": "RandomResizedCrop", "size": 8}, {"name": "ColorJitter"}, {"name": "Normalize"}, {"name": "ToCHW"}]


@pytest.fixture
def make(pictures):
    """A function that makes a Loader over the 24 training pictures."""
    dataset = ImageList(str(pictures), "train_list.txt")
    return lambda size=8, **options: Loader(dataset, Compose(STEPS), size, **{"shuffle": True, **options})


def equal(a, b):
    """Two lists of batches, to the bit."""
    keys = ("image", "label", "index")
    return len(a) == len(b) and all(np.array_equal(x[k], y[k]) for x, y in zip(a, b) for k in keys)


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_change_nothing(make, workers):
    assert equal(list(make(workers=workers).epoch(2)), list(make().epoch(2)))


def test_epochs_and_seeds_differ_but_repeat(make):
    first = list(make().epoch(0))
    assert equal(first, list(make().epoch(0)))
    assert not equal(first, list(make().epoch(1)))
    assert not equal(first, list(make(seed=1).epoch(0)))


def test_an_epoch_can_be_entered_in_its_middle(make):
    assert equal(list(make().epoch(3, start=2)), list(make().epoch(3))[2:])


def test_every_picture_comes_once(make):
    for size in (5, 7, 8, 24, 100):
        seen = np.concatenate([batch["index"] for batch in make(size).epoch(0)])
        assert sorted(seen) == list(range(24)), size


def test_processes_share_a_batch_and_its_weight(make):
    whole = list(make(size=8).epoch(0))
    parts = [list(make(size=8, rank=rank, world=3).epoch(0)) for rank in range(3)]
    for number, batch in enumerate(whole):
        pieces = [part[number] for part in parts]
        assert sorted(np.concatenate([p["index"] for p in pieces])) == sorted(batch["index"])
        # the mean over processes of (share * mean of the piece) is the mean of the batch
        mean = np.mean([p["share"] * p["image"].mean() for p in pieces])
        assert mean == pytest.approx(batch["image"].mean(), abs=1e-6)


def test_a_last_batch_too_small_for_bn_is_left_out_of_training_only(make):
    assert [len(b["index"]) for b in make(size=23).epoch(0)] == [23]
    assert [len(b["index"]) for b in make(size=23, shuffle=False).epoch(0)] == [23, 1]
    assert len(make(size=23)) == 1 and len(make(size=23, shuffle=False)) == 2
    assert [len(b["index"]) for b in make(size=21, world=2).epoch(0)] == [11]


def test_a_batch_larger_than_the_data_is_one_batch(make):
    assert [len(b["index"]) for b in make(size=1000).epoch(0)] == [24]


def test_evaluation_with_more_processes_than_pictures_left(make):
    parts = [list(make(size=23, shuffle=False, rank=rank, world=2).epoch(0)) for rank in range(2)]
    assert sorted(np.concatenate([b["index"] for part in parts for b in part])) == list(range(24))
