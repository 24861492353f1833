"""How a program ended is told in one line: by what it said, else by its exit status or signal."""

import sys

import pytest

from ppmobile import child


# last words of Paddle Lite's Opt 2.13rc0, paddle2onnx 2.1.0 and Python, shortened
@pytest.mark.parametrize("status, text, expected", [
    (-6, "1. Model is loaded!\n[F 11/22 13:19:37.975 ...op_desc.h:118 GetAttr] Check failed: no beta\n",
     "Check failed: no beta"),
    (-6, "[F 11/22 13:43:45.406 ...model_parser.cc:171 Find] \nError, the model file is not existed.\n",
     "Error, the model file is not existed"),
    (-6, "Error: This model is not supported.\n", "This model is not supported"),
    (-6, "[ERROR][Paddle2ONNX] Only e4m3.\nFatalError: `Process abort signal` is detected.\n", "Only e4m3"),
    (1, "Traceback:\n  File x\nModuleNotFoundError: No module named 'y'\n", "ModuleNotFoundError: No module named 'y'"),
    (-11, "1. Model is successfully loaded!\n", "it was ended by SIGSEGV"),
    (3, "", "exit status 3"), (1, "Error: \n", "exit status 1"),
    (-99, "", "it was ended by signal 99"),
])
def test_ending(status, text, expected):
    assert child.ending(status, text) == expected


def test_run_catches_both_streams_and_the_status():
    code = "import sys; print('图', flush=True); sys.stderr.buffer.write(b'\\xff\\n'); sys.exit(4)"
    status, text = child.run([sys.executable, "-X", "utf8", "-c", code])
    assert status == 4 and text == "图\n\ufffd\n"


def test_a_program_that_is_not_there(tmp_path):
    with pytest.raises(OSError):
        child.run([tmp_path / "nothing"])
