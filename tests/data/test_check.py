"""Scanning a dataset: what is found, the cache, and what may be trained on afterwards."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ppmobile.data import check
from ppmobile.data.base import Dataset
from ppmobile.data.check import enforce, load_cache, scan
from ppmobile.data.image_list import ImageList
from ppmobile.errors import DataError

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def save(path, seed):
    pixels = np.random.default_rng(seed).integers(0, 255, (16, 16, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def dataset(tmp_path):
    """Six listed pictures: four good, one empty, one missing."""
    for i in range(4):
        save(tmp_path / f"图 {i}.png", i)
    (tmp_path / "empty.jpg").write_bytes(b"")
    names = ["图 0.png 0", "图 1.png 1", "empty.jpg 0", "图 2.png 0", "gone.jpg 1", "图 3.png 1"]
    (tmp_path / "list.txt").write_text("\n".join(names), encoding="utf-8")
    (tmp_path / "labels.txt").write_text("cat\ndog\n", encoding="utf-8")
    return ImageList(str(tmp_path), "list.txt")


@pytest.fixture
def looked(monkeypatch):
    """The files that are really inspected, from now on."""
    seen, inspect = [], check.inspect_picture
    monkeypatch.setattr(check, "inspect_picture", lambda path: seen.append(Path(path).name) or inspect(path))
    return seen


def test_every_file_is_looked_at_once_in_order(dataset):
    report = scan(dataset)
    assert [(Path(f.path).name, f.kind) for f in report.fatal] == [("empty.jpg", "zero-byte"), ("gone.jpg", "missing")]
    assert report.notes == [] and report.counts == [3, 3] and report.total == 6
    assert report.sizes.tolist() == [[16, 16]] * 4


def test_bad_pictures_beyond_the_limit_stop_with_places_and_the_command(dataset):
    report = scan(dataset)
    with pytest.raises(DataError) as error:
        enforce(dataset, report, 1)
    assert str(error.value) == (
        "2 of 6 pictures cannot be used (data.max_bad allows 1): empty.jpg (list.txt, line 3): zero-byte: the file is "
        "empty; gone.jpg (list.txt, line 5): missing: no such file. "
        "Repair or remove them; `ppmobile check -c CONFIG` lists them all"
    )
    assert len(dataset) == 6


def test_bad_pictures_within_the_limit_are_left_out(dataset):
    report = scan(dataset)
    assert enforce(dataset, report, 2) == 2
    assert [Path(path).name for path in dataset.paths] == ["图 0.png", "图 1.png", "图 2.png", "图 3.png"]
    assert dataset.bad == {2: "zero-byte: the file is empty", 4: "missing: no such file"}
    assert [dataset.load(i).label for i in range(4)] == [0, 1, 0, 1]
    assert enforce(dataset, report, 0) == 0 and len(dataset.bad) == 2
    assert Dataset.bad == {}


def test_nothing_left_is_an_error_whatever_the_limit(tmp_path):
    dataset = Dataset()
    dataset.classes, dataset.items = ["a"], [{"path": str(tmp_path / f"{i}.jpg"), "label": 0} for i in range(7)]
    with pytest.raises(DataError, match="7 of 7 pictures cannot be used .* and 2 more"):
        enforce(dataset, scan(dataset), 100)


def test_an_unchanged_folder_is_not_decoded_again(dataset, tmp_path, looked):
    cache = tmp_path / "deep" / "scan.json"
    first = scan(dataset, cache)
    assert len(looked) == 6
    looked.clear()
    second = scan(dataset, cache)
    assert looked == ["gone.jpg"]  # a file that may come back is asked for again
    assert second.findings == first.findings and second.hashes == first.hashes
    assert os.listdir(tmp_path / "deep") == ["scan.json"]


def test_a_changed_file_is_looked_at_again(dataset, tmp_path, looked):
    cache = tmp_path / "scan.json"
    scan(dataset, cache)
    looked.clear()
    save(tmp_path / "empty.jpg", 9)
    save(tmp_path / "gone.jpg", 10)
    os.utime(tmp_path / "图 1.png", ns=(1, 1))  # the same size, another time
    assert scan(dataset, cache).findings == []
    assert sorted(looked) == ["empty.jpg", "gone.jpg", "图 1.png"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"version": 1}', '{"version": 1, "files": {"x": [1, 2]}}',
                                    '{"version": 0, "files": {}}', '{"version": 1, "files": []}'])
def test_a_damaged_cache_is_ignored_and_replaced(dataset, tmp_path, damage, looked):
    cache = tmp_path / "scan.json"
    cache.write_text(damage, encoding="utf-8")
    assert load_cache(cache) == {}
    scan(dataset, cache)
    assert len(looked) == 6 and len(json.loads(cache.read_text(encoding="utf-8"))["files"]) == 5  # not gone.jpg


def test_datasets_may_share_a_cache(dataset, tmp_path, looked):
    cache = tmp_path / "scan.json"
    scan(dataset, cache)
    other = Dataset()
    save(tmp_path / "other.png", 20)
    other.items = [{"path": str(tmp_path / "other.png")}]
    scan(other, cache)
    looked.clear()
    scan(dataset, cache)
    assert looked == ["gone.jpg"]


def test_an_interrupted_scan_keeps_what_it_has_seen(dataset, tmp_path, monkeypatch):
    inspect = check.inspect_picture

    def interrupted(path):
        if path.endswith("gone.jpg"):
            raise KeyboardInterrupt
        return inspect(path)

    monkeypatch.setattr(check, "inspect_picture", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scan(dataset, tmp_path / "scan.json")
    assert len(load_cache(tmp_path / "scan.json")) == 4


def test_a_cache_that_cannot_be_written_costs_a_warning(dataset, tmp_path, caplog):
    report = scan(dataset, tmp_path / "labels.txt" / "scan.json")
    assert len(report.fatal) == 2
    assert [(r.levelname, r.getMessage().count("\n")) for r in caplog.records] == [("WARNING", 0)]
    assert "scan.json: cannot be written" in caplog.text and "checked again next time" in caplog.text


def test_removed_files_are_forgotten_but_not_those_elsewhere(dataset, tmp_path):
    cache, root = tmp_path / "scan.json", str(tmp_path)
    scan(dataset, cache)
    content = json.loads(cache.read_text(encoding="utf-8"))
    entry = content["files"][os.path.join(root, "图 0.png")]
    content["files"].update({os.path.join(root, "removed.png"): entry, root + "-unplugged.png": entry})
    cache.write_text(json.dumps(content), encoding="utf-8")
    (tmp_path / "图 1.png").unlink()
    scan(dataset, cache)
    names = {os.path.relpath(path, root) for path in load_cache(cache)}
    assert names == {"图 0.png", "empty.jpg", "图 2.png", "图 3.png", f"../{tmp_path.name}-unplugged.png"}


def test_real_photos(tmp_path):
    if not SHARED.is_dir():
        pytest.skip("no shared data beside the repository")
    report = scan(ImageList(str(SHARED / "data" / "animals3"), "test_list.txt"), tmp_path / "scan.json")
    assert report.fatal == [] and report.counts == [25, 25, 25]
    assert [f.kind for f in report.notes] == ["grey"]  # panda_00914.jpg, by `file`: 1 component
