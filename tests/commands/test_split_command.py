"""`ppmobile split`: what it prints, and its answers to wrong arguments. (The lists: data/test_split.py.)"""

import pytest

from ppmobile.cli import main


@pytest.fixture
def split(tmp_path, monkeypatch, capsys):
    """A function that runs the command on two classes, 10 cats and 20 猫, and returns (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    for name, count in (("cat", 10), ("猫", 20)):
        (tmp_path / "in" / name).mkdir(parents=True)
        for i in range(count):
            (tmp_path / "in" / name / f"{i}.jpg").write_bytes(b"x")

    def run(*argv, root="in"):
        try:
            status = main(["split", root, "--out", "lists", *argv])
        except SystemExit as stop:
            status = stop.code
        return (status, *capsys.readouterr())
    return run


def test_the_sizes_come_with_class_names(split):
    assert split("--ratios", "80", "20", "0", "--seed", "3")[1].splitlines() == [
        "lists/train_list.txt: 24 pictures (cat 8, 猫 16)", "lists/val_list.txt: 6 pictures (cat 2, 猫 4)",
        "lists/test_list.txt: 0 pictures"]


def test_what_is_left_out_ignored_and_replaced_is_told(split, tmp_path):
    split()
    (tmp_path / "in" / "empty").mkdir()
    (tmp_path / "in" / "loose.jpg").write_bytes(b"x")
    assert split()[1].splitlines()[3:] == [
        "left out, since there are no pictures in them: empty",
        "ignored, since they lie in no class folder: loose.jpg",
        "replaced what lay there before: train_list.txt, val_list.txt, test_list.txt, labels.txt"]


def test_at_most_twenty_classes_are_named(split, tmp_path):
    for i in range(25):
        (tmp_path / "in" / f"a{i:02}").mkdir()
        (tmp_path / "in" / f"a{i:02}" / "0.jpg").write_bytes(b"x")
    line = split("--ratios", "1", "0", "0")[1].splitlines()[0]
    assert line.endswith("a18 1, a19 1 and 7 more)")  # 25 and 2 classes


@pytest.mark.parametrize("wrong, words", [
    (["--seed", "-1"], "argument --seed: expected a whole number from 0 up, got '-1'"),
    (["--seed", "0.5"], "argument --seed: expected a whole number from 0 up, got '0.5'"),
    (["--ratios", "nan", "1", "1"], "argument --ratios: expected a number such as 70 or 0.7, got 'nan'"),
    (["--ratios", "1", "x", "1"], "argument --ratios: expected a number such as 70 or 0.7, got 'x'"),
    (["--ratios", "80", "20"], "argument --ratios: expected 3 arguments; for example --ratios 80 20 0"),
    (["--ratios", "0", "0", "0"], "DataError: ratios "),
])
def test_a_wrong_argument_is_told_in_one_line(split, tmp_path, wrong, words):
    status, _, err = split(*wrong)
    assert status == 2 and err.startswith("ppmobile: ") and err.count("\n") == 1 and words in err
    assert not (tmp_path / "lists").exists()


def test_a_missing_folder_tells_where_relative_paths_start(split, tmp_path):
    status, _, err = split(root="nowhere")
    assert status == 2 and f"(relative paths start at the current directory: {tmp_path})" in err
