"""Which pictures calibrate and which measure."""

import shutil

import numpy as np
import pytest

from ppmobile.artefact import read
from ppmobile.config import from_tree
from ppmobile.errors import DataError
from ppmobile.slim.pictures import gather


def keys(pictures):
    """The pictures as hashable values."""
    return [image.tobytes() for image in pictures.images]


def test_a_config_calibrates_on_train_and_measures_on_val(exported, tiny):
    first, second = gather(read(exported), 8, from_tree(tiny, {}, "tiny"))
    assert first.images.shape == (8, 3, 16, 16) and first.images.dtype == np.float32
    assert len(second) == 6 and sorted(second.truths) == [0, 0, 1, 1, 2, 2]  # val has two of each of three colours
    assert (first.origin, second.origin) == ("8 of data.train", "6 of data.val")


def test_the_same_pictures_each_time(exported, tiny):
    config = from_tree(tiny, {}, "tiny")
    assert keys(gather(read(exported), 8, config)[0]) == keys(gather(read(exported), 8, config)[0])


def test_without_a_val_split_the_rest_of_train_measures(exported, tiny):
    tiny["data"]["val"] = None
    first, second = gather(read(exported), 100, from_tree(tiny, {}, "tiny"))
    assert len(first) == len(second) == 12 and not set(keys(first)) & set(keys(second))  # train has 24 pictures


def test_a_folder_has_no_labels_and_no_picture_twice(exported, pictures):
    first, second = gather(read(exported), 10, pictures=pictures)
    assert len(first) == 10 and len(second) == 26 and second.truths is None
    assert not set(keys(first)) & set(keys(second))


def test_a_list_file_has_labels(exported, pictures):
    _, second = gather(read(exported), 10, pictures=pictures / "val_list.txt")
    assert len(second) == 3 and set(second.truths) <= {0, 1, 2}


def test_an_unreadable_picture_is_passed_over(exported, pictures, tmp_path):
    for number in range(3):
        shutil.copyfile(pictures / "c0" / f"图 {number}.png", tmp_path / f"{number}.png")
    (tmp_path / "broken.png").write_bytes(b"")
    first, second = gather(read(exported), 10, pictures=tmp_path)
    assert len(first) + len(second) == 3


def test_nothing_to_calibrate_on_says_what_to_give(exported):
    with pytest.raises(DataError, match="-c CONFIG.*--pictures FOLDER"):
        gather(read(exported), 8)


def test_one_picture_is_too_few(exported, pictures):
    with pytest.raises(DataError, match="1 pictures are too few"):
        gather(read(exported), 8, pictures=pictures / "c0" / "图 0.png")


def test_only_unreadable_pictures_are_named(exported, tmp_path):
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(DataError, match="no picture that can be read"):
        gather(read(exported), 8, pictures=tmp_path)


def test_the_data_must_have_the_classes_of_the_model(exported, tiny, data):
    (data / "labels.txt").write_text("a\nb\nc\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"data.train: its classes \['a', 'b', 'c'\] are not those of"):
        gather(read(exported), 8, from_tree(tiny, {}, "tiny"))
