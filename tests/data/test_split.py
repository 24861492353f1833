"""Division into parts: exact shares, evenly by class, reproducible; and the lists it writes."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile import cli
from ppmobile.data.image_list import ImageList
from ppmobile.data.split import exact, largest_remainder, main, share, split, write_lists
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
    labels = write_lists(pictures, out, (70, 20, 10))
    assert {part: sorted(own) for part, own in labels.items()} == {
        "train": [0] * 14 + [1] * 7, "val": [0] * 4 + [1] * 2, "test": [0] * 2 + [1],
    }
    seen = []
    for part in ("train", "val", "test"):
        dataset = ImageList(str(pictures), str(out / f"{part}_list.txt"))
        assert dataset.classes == ["big dog", "cat"]
        assert all(Path(item["path"]).parent.name == dataset.classes[item["label"]] for item in dataset.items)
        seen += dataset.paths
    assert sorted(seen) == sorted(str(path) for path in pictures.rglob("*.jpg"))
    write_lists(pictures, out, (1, 1, 0))
    assert (out / "test_list.txt").read_text(encoding="utf-8") == ""
    assert sorted(os.listdir(out)) == ["labels.txt", "test_list.txt", "train_list.txt", "val_list.txt"]


def test_the_command_writes_lists_and_explains_mistakes_in_one_line(pictures, tmp_path, capsys):
    out = tmp_path / "lists"
    main([str(pictures), "--out", str(out), "--ratios", "80", "10", "10", "--seed", "3"])
    assert "train_list.txt: 24 pictures; by class: [16, 8]" in capsys.readouterr().out
    with pytest.raises(DataError, match="nowhere: no such folder"):
        main([str(tmp_path / "nowhere"), "--out", str(out)])
    assert cli.main(["split", str(pictures), "--out", str(out), "--ratios", "0", "0", "0"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 1 and errors[0].startswith("ppmobile: DataError: ratios ")
    with pytest.raises(DataError, match="give three"):
        write_lists(pictures, out, (1, 1))


@pytest.mark.parametrize("wrong, words", [
    (["--seed", "-1"], "argument --seed: expected a whole number from 0 up, got '-1'"),
    (["--seed", "0.5"], "argument --seed: expected a whole number from 0 up, got '0.5'"),
    (["--ratios", "nan", "1", "1"], "argument --ratios: expected a number such as 70 or 0.7, got 'nan'"),
    (["--ratios", "1", "x", "1"], "argument --ratios: expected a number such as 70 or 0.7, got 'x'"),
])
def test_a_wrong_number_names_its_option(pictures, tmp_path, capsys, wrong, words):
    with pytest.raises(SystemExit):
        main([str(pictures), "--out", str(tmp_path / "lists"), *wrong])
    assert words in capsys.readouterr().err and not (tmp_path / "lists").exists()


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
