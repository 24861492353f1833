"""`ppmobile infer`: where the drawn pictures go, answers of an artefact, and arguments that name nothing. (Answers of a
run: test_bad_inputs.py.)"""

import re

import numpy as np
import pytest

import ppmobile
from ppmobile import artefact
from ppmobile.cli import main
from ppmobile.commands import export as export_command
from ppmobile.commands.infer import outputs
from ppmobile.engine import infer as engine_infer
from ppmobile.errors import ExportError
from ppmobile.export import write
from ppmobile.files import write_image
from ppmobile.predict import Classification, runtimes


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


class Cats:
    """A net of one class that sees it everywhere."""

    task = "classify"

    def __init__(self, weights):
        assert weights == "run"

    def stream(self, sources, topk, threshold):
        """A Classification for each source."""
        assert (topk, threshold) == (3, None)
        return (Classification(np.ones(1, np.float32), ("猫",), topk, source) for source in sources)


def test_a_renamed_answer_says_which_picture_it_is(tree, monkeypatch, capsys):
    (tree.parent / "run").mkdir()
    monkeypatch.setattr(engine_infer, "Trained", Cats)
    assert main(["infer", "-w", "run", "in", "--out", "out"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if "<-" in line] == ["  狗/1-2.png <- in/狗/1.png"]
    assert lines[-1] == "the answers are drawn in out" and (tree.parent / "out" / "狗" / "1-2.png").is_file()


# --- with an artefact -------------------------------------------------------------------------------------------


def test_an_artefact_answers_and_says_on_which_runtime(exported, pictures, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PPMOBILE_HOME", str(tmp_path / "home"))
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"")
    argv = ["infer", "-m", str(exported), str(pictures / "c1"), str(bad), "--topk", "2", "--out", str(tmp_path / "out")]
    assert main(argv) == 1
    lines = capsys.readouterr().out.splitlines()
    assert re.match(r"runtime [\w-]+ \([\w-]+ \d+\.\d+ ms(; |\))", lines[0])
    assert lines[-2:] == [f"{bad}: not answered: the file is empty", f"the answers are drawn in {tmp_path / 'out'}"]
    assert all(re.search(r"图 \d+\.png: \S+.* \d+\.\d%, ", line) for line in lines[1:-2]) and len(lines) == 15
    assert len(list((tmp_path / "out").rglob("图 *.png"))) == 12


def test_the_benchmark_prints_each_step(exported, pictures, capsys):
    argv = ["infer", "-w", str(exported), str(pictures / "c1" / "图 1.png"), "--runtime", "paddle-fp32", "--benchmark"]
    assert main(argv) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "runtime paddle-fp32 (asked for)" and lines[3] == (
        "50 predictions on paddle-fp32, threads=1, batch=1")
    assert [line.split()[0] for line in lines[5:10]] == ["decode", "preprocess", "run", "postprocess", "total"]


@pytest.mark.parametrize("words, message", [
    ("--threads 0", "--threads must be at least 1"), ("--batch-size -1", "--batch-size must be at least 1"),
    ("--threads two", "argument --threads: invalid int value"),
])
def test_options_of_an_artefact(words, message, capsys):
    with pytest.raises(SystemExit):
        main(["infer", "-m", "x", "p.png", *words.split()])
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("words", ["--runtime auto", "--threads 1", "--batch-size 2", "--benchmark"])
def test_a_run_has_no_runtimes(trained, words, capsys):
    with pytest.raises(SystemExit):
        main(["infer", "-w", str(trained), "p.png", *words.split()])
    message = capsys.readouterr().err
    assert f"{words.split()[0]} needs an artefact" in message
    assert f"ppmobile export -w {trained} --out FOLDER" in message


@pytest.mark.parametrize("say", [
    lambda exported, trained: runtimes.status("onnx-fp32", artefact.read(exported)),
    lambda exported, trained: str(pytest.raises(ExportError, ppmobile.load, trained).value),
    lambda exported, trained: str(pytest.raises(SystemExit, main, ["infer", "-w", str(trained), "p", "--threads=1"])),
])
def test_the_command_that_a_message_prints_is_one(exported, trained, monkeypatch, capsys, say):
    message = say(exported, trained) + capsys.readouterr().err
    words = re.search("ppmobile (export -w [^;`]+)", message)[1].split()
    given = []
    monkeypatch.setattr(write, "check_place", lambda *_: None)
    monkeypatch.setattr(write, "export", lambda *arguments: given.append(arguments))
    monkeypatch.setattr(export_command, "run_config", lambda options: None)
    assert main([*words, "--no-verify"]) == 0
    assert given[0][0] in ("RUN", str(trained)) and given[0][1] in ("FOLDER", "ARTEFACT")


def test_thousands_of_threads(exported, pictures, capsys):
    assert main(["infer", "-m", str(exported), str(pictures / "c1"), "--threads", "5000"]) == 2
    message = capsys.readouterr().err
    assert "threads: must be at most" in message and len(message.splitlines()) == 1


def test_a_model_that_is_nowhere(tree, capsys):
    assert main(["infer", "-m", "nowhere", "in"]) == 2
    assert "nowhere: no such file or folder; give an artefact, a run's folder or a checkpoint" in (
        capsys.readouterr().err)


def test_no_picture_at_all_can_be_read(exported, tmp_path, capsys):
    (tmp_path / "bad.png").write_bytes(b"x")
    assert main(["infer", "-m", str(exported), str(tmp_path), "--runtime", "paddle-fp32"]) == 2
    assert "none of the 1 pictures could be read" in capsys.readouterr().err
