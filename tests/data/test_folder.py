"""Folders of classes: order, what is passed over, and each error."""

import pytest

from ppmobile.data.folder import ImageFolder
from ppmobile.errors import DataError


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")  # the reader lists files, it does not decode them


def test_classes_and_pictures_are_sorted_and_only_pictures_are_taken(tmp_path):
    for name in ("b/2.JPG", "b/10.jpg", "b/deep/3.png", "B/x.webp", "a é/1.gif", "b/notes.txt", "b/.hidden.jpg",
                 ".ipynb_checkpoints/1.jpg", "b/.thumbs/1.jpg", "loose.jpg"):
        touch(tmp_path / name)
    dataset = ImageFolder(str(tmp_path))
    assert dataset.classes == ["B", "a é", "b"]
    taken = [(item["path"][len(str(tmp_path)) + 1 :], item["label"]) for item in dataset.items]
    assert taken == [("B/x.webp", 0), ("a é/1.gif", 1), ("b/10.jpg", 2), ("b/2.JPG", 2), ("b/deep/3.png", 2)]


def test_an_empty_class_folder_keeps_the_labels_of_the_others(tmp_path):
    (tmp_path / "a").mkdir()
    touch(tmp_path / "b" / "1.jpg")
    dataset = ImageFolder(str(tmp_path))
    assert dataset.classes == ["a", "b"] and dataset.items[0]["label"] == 1


def test_a_relative_root_starts_at_the_current_directory(tmp_path, monkeypatch):
    touch(tmp_path / "pictures" / "a" / "1.jpg")
    monkeypatch.chdir(tmp_path)
    assert ImageFolder("pictures").paths == [str(tmp_path / "pictures" / "a" / "1.jpg")]


def test_errors_say_what_is_expected(tmp_path):
    with pytest.raises(DataError, match="nowhere2: .* \\(relative paths start at the current directory: "):
        ImageFolder("nowhere2")
    with pytest.raises(DataError, match="nowhere: no such folder"):
        ImageFolder(str(tmp_path / "nowhere"))
    touch(tmp_path / "1.jpg")
    with pytest.raises(DataError, match="no class folders; expected .*/CLASS/PICTURE.jpg"):
        ImageFolder(str(tmp_path))
    touch(tmp_path / "a" / "notes.txt")
    with pytest.raises(DataError, match="no pictures in its 1 folders; known suffixes: .bmp, .gif"):
        ImageFolder(str(tmp_path))
