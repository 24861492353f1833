"""`ppmobile infer`: where the drawn pictures go, and arguments that name nothing. (Answers: test_bad_inputs.py.)"""

import numpy as np
import pytest

from ppmobile.cli import main
from ppmobile.commands.infer import outputs
from ppmobile.engine import infer as engine_infer
from ppmobile.files import write_image


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A current folder with pictures of equal names in two subfolders, and of equal stems in one."""
    monkeypatch.chdir(tmp_path)
    for name in ("猫 é/1.png", "狗/1.png", "狗/1.jpg", "狗/v1.5.png", "top.png"):
        write_image(tmp_path / "in" / name, np.zeros((4, 4, 3), np.uint8))
    return tmp_path / "in"


def named(*sources):
    """{picture: output name} with plain texts."""
    return {str(picture): name for picture, name in outputs(sources).items()}


def test_a_folder_keeps_its_subfolders(tree):
    assert named("in") == {
        "in/top.png": "top.png", "in/狗/1.jpg": "狗/1.png", "in/狗/1.png": "狗/1-2.png",
        "in/狗/v1.5.png": "狗/v1.5.png", "in/猫 é/1.png": "猫 é/1.png"}


def test_files_and_patterns_are_numbered(tree):
    assert list(named("in/狗/1.png", "in/猫 é/1.png").values()) == ["1.png", "1-2.png"]
    assert sorted(named("in/*/*.png").values()) == ["1-2.png", "1.png", "v1.5.png"]


def test_names_that_differ_in_case_only_do_not_meet(tree):
    write_image(tree / "TOP.jpg", np.zeros((4, 4, 3), np.uint8))
    assert sorted(named("in/TOP.jpg", "in/top.png").values()) == ["TOP.png", "top-2.png"]


def test_a_picture_given_twice_is_answered_once(tree):
    assert list(named("in/top.png", "in/top.png")) == ["in/top.png"]


@pytest.mark.parametrize("argv", [
    ["infer", "-w", "run", ""], ["infer", "-w", "", "in"], ["infer", "-w", "run", "in", "--out", " "],
    ["eval", "-w", ""], ["eval", "-w", "run", "--out", ""],
])
def test_an_empty_path_is_not_the_current_folder(tree, argv, capsys):
    with pytest.raises(SystemExit) as error:
        main(argv)
    assert error.value.code == 2 and "the path is empty; give a file or a folder" in capsys.readouterr().err


def test_a_renamed_answer_says_which_picture_it_is(tree, monkeypatch, capsys):
    image = np.zeros((4, 4, 3), np.uint8)
    monkeypatch.setattr(engine_infer, "classify", lambda _, paths, __: ((p, image, [("猫", 1.0)]) for p in paths))
    assert main(["infer", "-w", "run", "in", "--out", "out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "<-" in line] == ["  狗/1-2.png <- in/狗/1.png"]
    assert lines[-1] == "the answers are drawn in out" and (tree.parent / "out" / "狗" / "1-2.png").is_file()
