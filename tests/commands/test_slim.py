"""`ppmobile slim ptq` on the command line."""

import pytest

from ppmobile.artefact import Artefact, read
from ppmobile.cli import main
from ppmobile.commands import check, slim_ptq
from ppmobile.export import trial, write
from ppmobile.predict.runtimes import NAMES
from ppmobile.slim import calibrate, ptq, report
from ppmobile.slim.targets import Material


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


def test_names_agree_wherever_they_are_listed():
    offered = {action.dest: action.choices for action in slim_ptq._arguments()._actions}
    assert set(offered["algo"]) == {*calibrate.ALGORITHMS, "auto"} and set(calibrate.AUTO) < set(calibrate.ALGORITHMS)
    assert slim_ptq._arguments().get_default("algo") == ptq.Settings().algo
    assert tuple(offered["targets"]) == ptq.TARGETS == trial.TARGETS == check.TARGETS
    assert set(ptq.TARGETS) < set(write.TARGETS) and set(ptq._NEEDS) < set(ptq.TARGETS)
    assert {f"{name}-int8" for name in report.RUNTIMES} == {name for name in NAMES if name.endswith("int8")}
    material = Material(Artefact(None, {}, {}), None, None, None)
    assert [ptq.target(name, material).name for name in ptq.TARGETS] == list(ptq.TARGETS)


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
