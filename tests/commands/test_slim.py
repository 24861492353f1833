"""`ppmobile slim ptq` on the command line."""

import pytest

from ppmobile.artefact import read
from ppmobile.cli import main


@pytest.mark.parametrize("words, told", [
    (["ptq", "A", "--count", "0"], "--count must be at least 1"),
    (["ptq", "A", "--max-drop", "2"], "--max-drop is a share"),
    (["ptq", "A", "-o", "seed=1"], "give one with -c"),
    (["ptq", "A", "-c", "a.yml", "--pictures", "x"], "give one of them"),
    (["ptq", "A", "--algo", "best"], "invalid choice: 'best'"),
    (["prnue"], "invalid choice: 'prnue'")])
def test_wrong_arguments_are_one_line(words, told, capsys):
    with pytest.raises(SystemExit) as left:
        main(["slim", *words])
    told_line = capsys.readouterr().err
    assert left.value.code == 2 and told in told_line and told_line.count("\n") == 1


def test_no_artefact(tmp_path, capsys):
    assert main(["slim", "ptq", str(tmp_path)]) == 2
    assert "no artefact" in capsys.readouterr().err


def test_no_pictures(copied, capsys):
    assert main(["slim", "ptq", str(copied)]) == 2
    assert "give the training's config with -c CONFIG" in capsys.readouterr().err


def test_a_place_that_is_taken(copied, exported, pictures, capsys):
    arguments = ["slim", "ptq", str(copied), "--pictures", str(pictures), "--out", str(exported)]
    assert main(arguments) == 2 and "holds an artefact already" in capsys.readouterr().err


def test_from_pictures_to_int8(copied, pictures, capsys):
    pytest.importorskip("paddleslim")
    arguments = ["slim", "ptq", str(copied), "--pictures", str(pictures), "--count", "8", "--algo", "avg",
                 "--for", "paddle", "--max-drop", "1", "--keep-float", "head.fc", "--no-bench"]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "calibration: 8 of" in said and "1 more anyhow" in said
    about = read(copied).deploy["quantization"]
    assert about["algo"] == "avg" and about["targets"]["paddle"]["keep_float"] == ["head.fc"]
