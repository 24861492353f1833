"""Output below Python is caught and kept, and everything is as before afterwards."""

import os
import subprocess
import sys
import threading

from ppmobile.predict.quiet import quiet


def test_what_c_and_python_print_is_caught_and_kept(capfd):
    with quiet() as said:
        os.write(1, b"from below\n")
        os.write(2, "錯誤\n\n".encode())
    print("after")
    assert said.text == "from below\n錯誤\n\n" and said.last == "錯誤"
    assert capfd.readouterr() == ("after\n", "")


def test_text_in_buffers_stays_on_its_side(environment):
    code = ("import ctypes, sys; from ppmobile.predict.quiet import quiet\n"
            "libc = ctypes.CDLL(None)\n"
            "sys.stdout.write('before '); libc.printf(b'c-before ')\n"
            "with quiet() as said:\n"
            "    sys.stdout.write('inside '); libc.printf(b'c-inside ')\n"
            "print(sorted(said.text.split()))")
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split(" ", 2)[:2]) == ["before", "c-before"]
    assert done.stdout.endswith("['c-inside', 'inside']\n") and "c-inside c" not in done.stdout


def test_an_error_passes_and_the_output_comes_back(capfd):
    try:
        with quiet():
            raise ValueError("x")
    except ValueError:
        print("back")
    assert capfd.readouterr().out == "back\n"


def test_threads_take_turns(capfd):
    def work(number, found):
        for _ in range(20):
            with quiet() as said:
                os.write(1, b"%d" % number)
            found.add(said.text)

    found = [set(), set()]
    threads = [threading.Thread(target=work, args=(i, found[i])) for i in range(2)]
    [t.start() for t in threads], [t.join() for t in threads]
    print("end")
    assert found == [{"0"}, {"1"}] and capfd.readouterr().out == "end\n"


def test_without_descriptors_it_does_nothing(environment):
    code = ("import os; os.close(1); os.close(2)\nfrom ppmobile.predict.quiet import quiet\n"
            "with quiet() as said: pass\nraise SystemExit(7 if said.last == '' else 8)")
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 7
