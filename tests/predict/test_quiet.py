"""Output below Python goes nowhere, and everything is as before afterwards."""

import os
import subprocess
import sys
import threading

from ppmobile.predict.quiet import quiet


def test_what_c_and_python_print_goes_nowhere(capfd):
    with quiet():
        os.write(1, b"from below\n")
        os.write(2, "錯誤\n\n".encode())
    print("after")
    assert capfd.readouterr() == ("after\n", "")


def test_text_in_buffers_stays_on_its_side(environment):
    code = ("import ctypes, sys; from ppmobile.predict.quiet import quiet\n"
            "libc = ctypes.CDLL(None)\n"
            "sys.stdout.write('before '); libc.printf(b'c-before ')\n"
            "with quiet():\n"
            "    sys.stdout.write('inside '); libc.printf(b'c-inside ')\n"
            "print('after')")
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["after", "before", "c-before"]


def test_an_error_passes_and_the_output_comes_back(capfd):
    try:
        with quiet():
            raise ValueError("x")
    except ValueError:
        print("back")
    assert capfd.readouterr().out == "back\n"


def test_threads_take_turns(capfd):
    def work():
        for _ in range(20):
            with quiet():
                os.write(1, b"inside")

    threads = [threading.Thread(target=work) for _ in range(2)]
    [t.start() for t in threads], [t.join() for t in threads]
    print("end")
    assert capfd.readouterr().out == "end\n"


def test_without_descriptors_it_does_nothing(environment):
    code = ("import os; os.close(1); os.close(2)\nfrom ppmobile.predict.quiet import quiet\n"
            "with quiet(): pass\nraise SystemExit(7)")
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 7
