"""Which Python runs Paddle Lite: the one that is named, this one, or a second one; else an error says how to get it."""

import sys

import pytest

from ppmobile import lite_python
from ppmobile.errors import ExportError


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """A machine without any paddlelite; the cache is that of this test."""
    lite_python._search.cache_clear()
    monkeypatch.delenv(lite_python.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    yield
    lite_python._search.cache_clear()


def program(path, script):
    """A shell script that plays Python."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def refusal():
    with pytest.raises(ExportError) as error:
        lite_python.interpreter()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_none_at_all():
    message = refusal()
    assert "pip install ppmobile[lite]" in message and "PPMOBILE_LITE_PYTHON" in message


@pytest.mark.parametrize("script, reason", [
    ("echo 'ImportError: libx.so: cannot open' >&2; exit 1", "ImportError: libx.so: cannot open"),
    ("exit 7", "exit status 7"),
    ("echo numpy 2.1.3", "paddlelite gives wrong numbers with NumPy 2.1.3"),
    (None, "No such file or directory"),
])
def test_one_that_is_named_and_does_not_work_is_an_error(monkeypatch, tmp_path, script, reason):
    named = tmp_path / "图 é" / "python"
    if script:
        program(named, script)
    program(tmp_path / "python3.10", "echo numpy 1.26.4")  # is not taken instead
    monkeypatch.setenv(lite_python.VARIABLE, str(named))
    message = refusal()
    assert message.startswith(f"PPMOBILE_LITE_PYTHON={named}: {reason}; ") and "paddlelite==2.13rc0" in message


def test_the_order_is_named_this_path_pyenv(monkeypatch, tmp_path):
    works = "echo numpy 1.26.4"
    for place in ("pyenv/versions/3.10.13/bin/python", "python3.10"):
        found = program(tmp_path / place, works)
        lite_python._search.cache_clear()
        assert lite_python.interpreter() == str(found)
    lite_python._search.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    monkeypatch.setattr(lite_python, "refusal", lambda python: "")
    assert lite_python.interpreter() == sys.executable
    named = program(tmp_path / "named", works)
    monkeypatch.setenv(lite_python.VARIABLE, str(named))
    assert lite_python.interpreter() == str(named)


def test_one_that_does_not_work_is_passed_over(tmp_path):
    program(tmp_path / "python3.10", "exit 1")
    found = program(tmp_path / "pyenv/versions/3.10.2/bin/python", "echo numpy 1.23.0")
    assert lite_python.interpreter() == str(found)


def test_why_the_first_was_passed_over_is_told(tmp_path):
    first = program(tmp_path / "python3.10", "echo numpy 2.1.0")
    program(tmp_path / "pyenv/versions/3.10.2/bin/python", "exit 3")
    message = refusal()
    assert message.endswith(f" ({first}: paddlelite gives wrong numbers with NumPy 2.1.0)") and "pip install" in message


def test_another_python_does_not_see_pythonpath(tmp_path):
    found = program(tmp_path / "python3.10", "echo numpy 1.26.4")
    assert lite_python.command("script.py", "a") == [str(found), "-E", "script.py", "a"]
