"""Batches depend on the seed and the epoch alone."""

import numpy as np
import pytest

from ppmobile.data import ImageFolder, ImageList
from ppmobile.data.loader import PROBED, Loader
from ppmobile.errors import DataError
from ppmobile.files import write_image
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


@pytest.fixture
def mixed(tmp_path):
    """A function that makes a Loader over 20 pictures, the last of which is larger."""
    for number in range(20):
        side = 16 if number < 19 else 24
        write_image(tmp_path / "图" / f"{number:02d}.png", np.zeros((20, side, 3), np.uint8))
    dataset = ImageFolder(str(tmp_path))
    return lambda steps=END, **options: Loader(dataset, Compose(steps), 10, **options)


END = [{"name": "Normalize"}, {"name": "ToCHW"}]


def told(work):
    """The text of the DataError that `work` ends in."""
    with pytest.raises(DataError) as error:
        work()
    return str(error.value)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"x")])
def test_workers_tell_of_a_bad_picture_what_one_process_tells(mixed, tmp_path, damage):
    damage(tmp_path / "图" / "13.png")  # in the second batch
    alone = told(lambda: list(mixed(steps=[{"name": "Resize", "size": 8}, *END]).epoch(0)))
    assert "13.png" in alone
    assert told(lambda: list(mixed(steps=[{"name": "Resize", "size": 8}, *END], workers=2).epoch(0))) == alone


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("shuffle, place, advice", [
    (True, "transforms.train", "Resize or RandomResizedCrop"),
    (False, "transforms.eval", "Resize, or ResizeShort and")])
def test_pictures_of_different_sizes(mixed, workers, shuffle, place, advice):
    text = told(lambda: list(mixed(workers=workers, shuffle=shuffle).epoch(0)))
    assert text.startswith(f"{place}: a batch needs pictures of one size, add {advice}")
    assert "16x20 (" in text and "24x20 (" in text and "19.png)" in text


@pytest.mark.parametrize("steps, words", [
    ([], "makes an array of shape (20, 16, 3) and type uint8 of "),
    (END[:1], "makes an array of shape (20, 16, 3) and type float32 of "),
    ([{"name": "CenterCrop", "size": 4}], "end with Normalize and ToCHW"),
    (END[::-1], "the steps fail on "),
])
def test_transforms_that_do_not_end_in_what_the_net_takes(mixed, steps, words):
    for work in (mixed(steps).probe, lambda: next(mixed(steps, workers=1).epoch(0))):
        text = told(work)
        assert text.startswith("transforms.eval: ") and words in text and "00.png" in text
    assert told(mixed(steps, shuffle=True).probe).startswith("transforms.train: ")


def test_probe_finds_mixed_sizes_beyond_the_first_batch(mixed, make):
    assert PROBED < 10
    assert "pictures of one size" in told(mixed().probe)
    make().probe()
    make(1000, world=3, rank=2).probe()
    Loader(mixed().dataset, Compose(END), 1).probe()  # batches of one picture may be of any size
