"""Why a library gave up: the telling line of errors as Paddle 3.1.1 and others print them, shortened."""

import pytest

from ppmobile.wording import reason

DAMAGED = """In user code:

    File "framework.py", line 3315, in __init__
      for frame in traceback.extract_stack():

    UnavailableError: An error occurred while loading model parameters.
      [Hint: Expected *buffer == true, but received *buffer:0 != true:1.] (at load_combine_kernel_impl.h:47)
      [operator < load_combine > error]"""
PREDICTOR = """(InvalidArgument) Deserialize to tensor failed.
  [Hint: Expected version == 0U, but received version:1651663207 != 0U:0.] (at serialize.cc:103)
  [operator < load_combine > error]"""
ABORTED = """----------------------
Error Message Summary:
----------------------
FatalError: `Segmentation fault` is detected by the operating system.
  [TimeInfo: *** Aborted at 1795359282 (unix time) ***]
  [SignalInfo: *** SIGSEGV (@0x0) received by PID 29998 ***]
"""
OPENVINO = "Exception from src/core.cpp:97:\nCheck 'x' failed at src/frontend.cpp:50:\nUnable to read the model\n\n"


@pytest.mark.parametrize(("error", "expected"), [
    (RuntimeError(DAMAGED), "UnavailableError: An error occurred while loading model parameters."),
    (ValueError(PREDICTOR), "(InvalidArgument) Deserialize to tensor failed."),
    (ABORTED, "FatalError: `Segmentation fault` is detected by the operating system."),
    (RuntimeError(OPENVINO), "Unable to read the model"),
    (TypeError("TypeError: no bool of a tensor\nUse paddle.where instead"), "TypeError: no bool of a tensor"),
    (RuntimeError("[Hint: nothing else]"), "[Hint: nothing else]"),
    (MemoryError(), "MemoryError"), ("", ""), (" \n", ""),
])
def test_reason(error, expected):
    assert reason(error) == expected


def test_a_reason_is_one_line_of_limited_length():
    assert len(reason("x" * 999)) == 200 and len(reason("x" * 999, 400)) == 400
