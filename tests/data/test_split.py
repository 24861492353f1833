"""Division into parts: exact shares, evenly by class, reproducible; and the lists it writes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.data.image_list import ImageList
from ppmobile.data.split import exact, largest_remainder, share, split, write_lists
from ppmobile.errors import DataError

REPOSITORY = Path(__file__).resolve().parents[2]
RATIOS = st.lists(st.sampled_from([0, 0.05, 0.1, 0.2, 0.33, 0.7, 1, 3, 70]), min_size=1, max_size=5).filter(any)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=60), RATIOS, st.integers(0, 9))
def test_every_item_is_in_exactly_one_part_and_classes_are_even(labels, ratios, seed):
    parts = split(range(len(labels)), ratios, seed, labels)
    assert sorted(i for part in parts for i in part) == list(range(len(labels)))
    assert parts == split(range(len(labels)), ratios, seed, labels)
    assert [len(part) for part in parts] == largest_remainder(len(labels), exact(ratios))
    for label in set(labels):
        for part, ratio in zip(parts, exact(ratios)):
            assert abs(sum(labels[i] == label for i in part) - labels.count(label) * ratio) <= 1
    for part, ratio in zip(parts, ratios):
        assert ratio > 0 or not part


def test_binary_rounding_of_the_ratios_changes_nothing():
    # 0.1 * 3 is 0.30000000000000004: with floats, 10 items at 0.7, 0.2, 0.1 can become 6, 2, 2.
    for n in (10, 100, 1000, 1797000):
        assert largest_remainder(n, exact((0.7, 0.2, 0.1))) == [n * 7 // 10, n // 5, n // 10]
    assert exact((70, 20, 10)) == exact((0.7, 0.2, 0.1)) == exact(("7", "2", "1"))


def test_classes_of_three_give_whole_shares_by_hand():
    # Ten classes of 3 items at 70/20/10: in all 21, 6, 3. Each class has 2 in training for certain (3 * 0.7 = 2.1).
    table = share([3] * 10, (70, 20, 10))
    assert table.sum(axis=0).tolist() == [21, 6, 3]
    assert set(table[:, 0]) == {2, 3}


def test_the_seed_decides_and_the_order_of_items_is_kept():
    labels = [i % 3 for i in range(60)]
    first, second = split(range(60), seed=0, labels=labels), split(range(60), seed=1, labels=labels)
    assert first != second
    assert all(part == sorted(part) for part in first)
    assert [len(part) for part in split("abcdefghij")] == [7, 2, 1]


def test_impossible_arguments_are_refused():
    for ratios in ((), (0, 0), (1, -1)):
        with pytest.raises(DataError, match="each must be 0 or more and one above 0"):
            split([1, 2], ratios)
    with pytest.raises(DataError, match="2 items but 1 labels"):
        split([1, 2], labels=[0])


@pytest.fixture
def pictures(tmp_path):
    root = tmp_path / "pictures é"
    for name, count in (("cat", 10), ("big dog", 20)):
        (root / name).mkdir(parents=True)
        for i in range(count):
            (root / name / f"图 {i}.jpg").write_bytes(b"x")
    return root


def test_lists_can_be_read_again_and_leave_nothing_of_older_ones(pictures, tmp_path):
    out = tmp_path / "lists"
    done = write_lists(pictures, out, (70, 20, 10))
    assert done.classes == ["big dog", "cat"] and not (done.empty or done.loose or done.replaced)
    assert {part: sorted(own) for part, own in done.parts.items()} == {
        "train": [0] * 14 + [1] * 7, "val": [0] * 4 + [1] * 2, "test": [0] * 2 + [1],
    }
    seen = []
    for part in ("train", "val", "test"):
        dataset = ImageList(str(pictures), str(out / f"{part}_list.txt"))
        assert dataset.classes == ["big dog", "cat"]
        assert all(Path(item["path"]).parent.name == dataset.classes[item["label"]] for item in dataset.items)
        seen += dataset.paths
    assert sorted(seen) == sorted(str(path) for path in pictures.rglob("*.jpg"))
    assert [path.name for path in write_lists(pictures, out, (1, 1, 0)).replaced] == [
        "train_list.txt", "val_list.txt", "test_list.txt", "labels.txt"]
    assert (out / "test_list.txt").read_text(encoding="utf-8") == ""
    assert sorted(os.listdir(out)) == ["labels.txt", "test_list.txt", "train_list.txt", "val_list.txt"]


def test_what_belongs_to_no_class_is_left_out_and_told(pictures, tmp_path):
    (pictures / "ant").mkdir()  # sorts before the others, so that their labels would move
    for name in ("loose.png", ".hidden.png", "notes.txt"):
        (pictures / name).write_bytes(b"x")
    done = write_lists(pictures, tmp_path / "lists")
    assert (done.classes, done.empty) == (["big dog", "cat"], ["ant"])
    assert [path.name for path in done.loose] == ["loose.png"]
    dataset = ImageList(str(pictures), str(tmp_path / "lists" / "train_list.txt"))
    assert dataset.classes == ["big dog", "cat"] and {item["label"] for item in dataset.items} == {0, 1}
    assert all(Path(item["path"]).parent.name == dataset.classes[item["label"]] for item in dataset.items)


def test_three_ratios_are_needed(pictures, tmp_path):
    with pytest.raises(DataError, match="give three, for train, val, test; a part may be 0, as in 80 20 0"):
        write_lists(pictures, tmp_path / "lists", (1, 1))


def test_as_a_module_it_tells_a_mistake_in_one_line(tmp_path):
    command = [sys.executable, "-m", "ppmobile.data.split", "nowhere", "--out", str(tmp_path / "o")]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, encoding="utf-8", check=False)
    assert run.returncode == 2 and run.stderr.count("\n") == 1 and run.stderr.startswith("ppmobile: DataError: ")


def test_it_runs_as_a_module_without_a_warning(pictures, tmp_path):
    command = [sys.executable, "-W", "error", "-m", "ppmobile.data.split", str(pictures), "--out", str(tmp_path / "o")]
    run = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, encoding="utf-8",
                         env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert (run.returncode, run.stderr) == (0, "")
    assert len((tmp_path / "o" / "train_list.txt").read_text(encoding="utf-8").splitlines()) == 21


def test_a_class_of_one_is_not_always_in_training_but_never_lost():
    parts = split(range(10), labels=range(10))
    assert [len(part) for part in parts] == [7, 2, 1]
    assert np.unique(np.concatenate(parts)).size == 10
