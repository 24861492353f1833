"""The pictures made for measuring are read by our readers, and the shares of the steps add up."""

import numpy as np
import pytest

from ppmobile.data import READERS
from ppmobile.data.loader import Loader
from ppmobile.errors import ConfigError
from ppmobile.profiling.made import BOXES, jpeg_640, write_made
from ppmobile.profiling.pipeline import one_batch, per_second, step_shares
from ppmobile.transforms import Compose

END = [{"name": "Normalize"}, {"name": "ToCHW"}]


def test_pictures_are_as_large_as_photos():
    assert all(60_000 < len(data) < 250_000 for data in jpeg_640(2))


def test_boxes_made_lie_inside_the_pictures(tmp_path):
    dataset = READERS.build(write_made(tmp_path, "detect", 3))
    assert len(dataset) == 3 and len(dataset.classes) == 80 and not dataset.dropped
    for index in range(3):
        sample = dataset.load(index)
        assert sample.image.shape == (480, 640, 3) and sample.boxes.shape == (BOXES, 4)
        assert (sample.boxes >= 0).all() and (sample.boxes <= [640, 480, 640, 480]).all()
        assert (sample.boxes[:, 2:] - sample.boxes[:, :2] >= 19.5).all()  # SIDES from 20 on, less what rounding takes


def test_classes_made(tmp_path):
    dataset = READERS.build(write_made(tmp_path, "classify", 3))
    assert [dataset.load(i).label for i in range(3)] == [0, 1, 2]


def test_another_task_is_told(tmp_path):
    with pytest.raises(ConfigError, match="no pictures can be made for 'segment'"):
        write_made(tmp_path, "segment", 1)


@pytest.fixture
def loader(tmp_path):
    """A Loader of made boxes that mixes further pictures in."""
    steps = [{"name": "Mosaic", "size": 64}, {"name": "Resize", "size": 64}, *END]
    return Loader(READERS.build(write_made(tmp_path, "detect", 8)), Compose(steps), 4, task="detect", shuffle=True)


def test_shares_name_all_steps_and_add_up(loader):
    shares = step_shares(loader, 3)
    assert set(shares) == {"decode", "Mosaic", "Resize", "Normalize", "ToCHW"}
    assert sum(shares.values()) == pytest.approx(1) and list(shares.values()) == sorted(shares.values(), reverse=True)


def test_one_batch_is_the_first_of_its_epoch(loader):
    wanted = next(iter(loader.epoch(2)))
    assert np.array_equal(one_batch(loader, 2)["image"], wanted["image"])


def test_the_clock_counts_all_turns_but_the_first_ones():
    calls = []

    def work(i):
        calls.append(i)
        sum(range(20_000))  # so that the clock of processor time moves

    assert 0 < per_second(work, 10) < 100_000 and calls == [*range(5), *range(10)]
