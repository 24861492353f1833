"""The datasets of a config: bad pictures within and beyond the limit, and a cache folder that cannot be written."""


import pytest

from ppmobile.config import load
from ppmobile.engine.datasets import compare_classes, open_split, prepare, scanned
from ppmobile.errors import ConfigError, DataError


@pytest.fixture
def config(tiny, data):
    """The tiny config on a copy of the pictures, two of val's six broken."""
    for label in (0, 1):
        (data / f"c{label}" / "图 8.png").write_bytes(b"broken")
    return load(tiny)


def test_scanned_leaves_out_what_the_limit_allows_and_says_so(config, capsys):
    with pytest.raises(DataError, match=r"data.val: 2 of 6 pictures cannot be used \(data.max_bad allows 0\)"):
        scanned(config, open_split(config, "val"), "val")
    config.data.max_bad = 2
    assert len(scanned(config, open_split(config, "val"), "val")) == 4
    assert capsys.readouterr().out == "data.val: 2 unreadable pictures are left out (data.max_bad 2)\n"


def test_a_cache_folder_that_cannot_be_written_does_not_stop(config, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("PPMOBILE_HOME", str(tmp_path / "file" / "home"))
    config.data.max_bad = 2
    train, val = prepare(config)
    assert (len(train), len(val)) == (24, 4)
    assert len(caplog.records) == 2 and "cannot be written" in caplog.text


def test_other_classes_in_another_order_are_told(config):
    train, val = open_split(config, "train"), open_split(config, "val")
    compare_classes(train, val, "val")
    val.classes = list(reversed(val.classes))
    with pytest.raises(DataError, match=r"data.test: its classes \[blue, green, 红 red\] are not those of data.train"):
        compare_classes(train, val, "test")


def test_no_data_at_all_is_an_error(config):
    config.data = None
    with pytest.raises(ConfigError, match="data.train: is missing"):
        open_split(config, "train")
