"""The command line as a user meets it: help at once, one line for a mistake, and the exit status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ppmobile import __version__, cli
from ppmobile.errors import DataError

ROOT = Path(__file__).resolve().parents[1]
DIGITS = str(ROOT / "configs" / "classify" / "digits.yml")
TOOLS = sorted(p.stem for p in (ROOT / "tools").glob("*.py") if p.stem in cli.COMMANDS)
WATCH = "print('HEAVY', *[m for m in ('paddle', 'matplotlib', 'sklearn') if m in sys.modules])"


def run(code, cwd):
    """Run Python code in a fresh process."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, env=env, capture_output=True, text=True,
                          encoding="utf-8", check=False)


def one_line(capsys, *argv):
    """The only line on stderr of a command that a user's mistake ends."""
    status = cli.main(list(argv))
    out, err = capsys.readouterr()
    assert status == 2 and err.count("\n") == 1 and "Traceback" not in out + err, (status, err)
    return err.rstrip("\n")


@pytest.mark.parametrize("command", list(cli.COMMANDS))
def test_help_answers_without_paddle(command, tmp_path):
    done = run(f"import sys, atexit; atexit.register(lambda: {WATCH})\nfrom ppmobile.cli import main\n"
               f"sys.exit(main([{command!r}, '--help']))", tmp_path)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith("usage: ") and done.stdout.rstrip().endswith("HEAVY")


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_is_its_command(tool, tmp_path):
    path = str(ROOT / "tools" / f"{tool}.py")
    done = run(f"import sys, runpy, atexit; atexit.register(lambda: {WATCH})\nsys.argv = [{path!r}, '--help']\n"
               f"runpy.run_path({path!r}, run_name='__main__')", tmp_path)
    assert done.returncode == 0 and f"ppmobile {tool}" in done.stdout and done.stdout.rstrip().endswith("HEAVY")


def test_the_tools_of_the_design_are_there():
    assert set(TOOLS) >= {"train", "eval", "infer", "check", "zoo", "doctor", "bench"}


def test_overview_and_version(capsys):
    assert cli.main([]) == 0 and cli.main(["--help"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    assert listed == 2 * list(cli.COMMANDS)
    assert cli.main(["--version"]) == 0 and capsys.readouterr().out == f"ppmobile {__version__}\n"


def test_python_m_ppmobile_ends_with_the_status(tmp_path):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-m", "ppmobile", "tran"], cwd=tmp_path, env=env, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    known = ", ".join(cli.COMMANDS)
    assert done.stderr == f"ppmobile: unknown command 'tran'. Did you mean 'train'? Known: {known}\n"


@pytest.mark.parametrize("argv, line", [
    (["train", "-c", "nowhere.yml"], "ppmobile: ConfigError: nowhere.yml: cannot read the config: no such file."),
    (["check", "-c", "."], "ppmobile: ConfigError: .: cannot read the config: Is a directory."),
    (["train", "-c", DIGITS, "-o", "train.epoch=3"],
     "ppmobile: ConfigError: train.epoch: unknown key. Did you mean 'epochs'? (-o)"),
    (["train", "-c", DIGITS, "-o", "epochs", "3"],
     "ppmobile: ConfigError: -o epochs: expected a.b=value without spaces, for example -o train.epochs=3"),
    (["explain", "train.epoch"], "ppmobile: ConfigError: train.epoch: unknown key. Did you mean 'train.epochs'?"),
    (["explain", "model.backbone.scal", "-c", DIGITS],
     "ppmobile: ConfigError: model.backbone.scal: PPLCNet has no option 'scal'. Did you mean 'scale'? Known: scale, "
     "out_strides"),
])
def test_one_line_and_status_two(argv, line, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert one_line(capsys, *argv) == line
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("argv, named", [
    (["eval", "-w", "nowhere"], "nowhere"),
    (["train", "--resume", "nowhere"], "nowhere"),
    (["infer", "-w", "nowhere", "picture.png"], "picture.png"),
    (["split", "nowhere", "--out", "lists"], "nowhere"),
])
def test_missing_files_are_named(argv, named, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert named in one_line(capsys, *argv)


@pytest.mark.parametrize("argv", [["train"], ["explain"], ["train", "-c"], ["train", "--epochs", "3"], ["eval"]])
def test_wrong_arguments(argv, capsys):
    with pytest.raises(SystemExit) as error:
        cli.main(argv)
    assert error.value.code == 2 and capsys.readouterr().err.startswith(f"ppmobile: {argv[0]}: ")


def test_print_config_prints_what_loads_again(capsys, tmp_path):
    from ppmobile.config import load, to_dict

    assert cli.main(["train", "-c", DIGITS, "-o", "train.epochs=3", "seed=5", "--print-config"]) == 0
    path = tmp_path / "图片 é.yml"
    path.write_text(capsys.readouterr().out, encoding="utf-8")
    assert to_dict(load(path)) == to_dict(load(DIGITS, ["train.epochs=3", "seed=5"]))


@pytest.mark.parametrize("key, part", [
    ("train", "  keys     epochs, batch_size"), ("train.epochs", "  set by   "), ("model.backbone.scale", "PPLCNet"),
    ("transforms.train.1.size", "  value    32"),
])
def test_explain(key, part, capsys):
    assert cli.main(["explain", key, "-c", DIGITS]) == 0
    assert part in capsys.readouterr().out


def test_a_message_of_several_lines_becomes_one(capsys):
    assert cli.fail("a\nb\r\nc\u2028d") == 2
    assert capsys.readouterr().err == "ppmobile: a b c d\n"


def test_a_traceback_on_request(monkeypatch):
    monkeypatch.setenv("PPMOBILE_TRACEBACK", "1")
    with pytest.raises(DataError):
        cli.main(["infer", "-w", "x", "nowhere.png"])


@pytest.mark.parametrize("error, line", [
    (OSError(28, "No space left on device", "图.csv"),
     "ppmobile: OSError: [Errno 28] No space left on device: '图.csv'; PPMOBILE_TRACEBACK=1 shows where it happened\n"),
    (MemoryError(), "ppmobile: MemoryError: not enough memory; smaller batches or fewer data.workers take less. "
                    "PPMOBILE_TRACEBACK=1 shows where it happened\n"),
])
def test_the_machine_s_own_errors_are_one_line_too(error, line, capsys, monkeypatch):
    def fail():
        raise error

    monkeypatch.delenv("PPMOBILE_TRACEBACK", raising=False)
    assert cli.guarded(fail) == 2 and capsys.readouterr().err == line
    monkeypatch.setenv("PPMOBILE_TRACEBACK", "1")
    with pytest.raises(type(error)):
        cli.guarded(fail)


def test_a_mistake_of_the_program_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        cli.guarded(lambda: 1 / 0)
