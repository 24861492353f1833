"""A folder takes its place whole, or not at all."""

import pytest

from ppmobile.errors import PPMobileError
from ppmobile.folders import atomic_folder


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_appears_when_the_block_is_done(tmp_path):
    with atomic_folder(tmp_path / "neu 图" / "out") as folder:
        (folder / "a").write_text("1", encoding="utf-8")
        assert not (tmp_path / "neu 图" / "out").exists()
    assert names(tmp_path / "neu 图") == ["out"] and names(tmp_path / "neu 图" / "out") == ["a"]


def test_an_older_folder_is_replaced_as_a_whole(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("0", encoding="utf-8")
    with atomic_folder(tmp_path / "out") as folder:
        (folder / "new").write_text("1", encoding="utf-8")
        assert names(tmp_path / "out") == ["old"]
    assert names(tmp_path) == ["out"] and names(tmp_path / "out") == ["new"]


def test_the_swap_without_renameat2(tmp_path, monkeypatch):
    monkeypatch.setattr("ppmobile.folders.sys.platform", "other")
    test_an_older_folder_is_replaced_as_a_whole(tmp_path)


def test_an_error_leaves_the_older_folder_and_nothing_else(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("0", encoding="utf-8")
    with pytest.raises(ZeroDivisionError), atomic_folder(tmp_path / "out") as folder:
        (folder / "new").write_text("1", encoding="utf-8")
        raise ZeroDivisionError
    assert names(tmp_path) == ["out"] and names(tmp_path / "out") == ["old"]


def test_a_folder_below_a_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(PPMobileError, match="a part of this path is a file, not a folder"), \
            atomic_folder(tmp_path / "file" / "out"):
        pass


def test_a_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with atomic_folder(tmp_path / "link") as folder:
        (folder / "new").write_text("1", encoding="utf-8")
    assert names(tmp_path) == ["link", "real"] and names(tmp_path / "real") == ["new"]
    assert (tmp_path / "link").is_symlink()
