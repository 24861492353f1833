"""MKL gets the instructions that an AMD CPU has, never others, and its products stay right."""

import subprocess
import sys

import pytest

from ppmobile.engine.launch import environment
from ppmobile.mkl import AVX2, AVX512, VARIABLE, code_for, unlock

ZEN4 = frozenset(AVX512 | AVX2 | {"avx"})


@pytest.mark.parametrize("name, features, code", [
    ("AMD EPYC 9R14", ZEN4, "7"),
    ("AMD Ryzen 7 3700X 8-Core Processor", frozenset({"avx", *AVX2}), "5"),
    ("Hygon C86 7185 32-core Processor", frozenset(AVX2), "5"),
    ("AMD EPYC", ZEN4 - {"avx512vl"}, "5"),
    ("AMD FX(tm)-8350 Eight-Core Processor", frozenset({"avx", "fma"}), ""),
    ("Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", ZEN4, ""),
    ("AMD EPYC", None, ""),
    ("aarch64", frozenset({"asimddp"}), ""),
])
def test_only_what_an_amd_cpu_has_is_chosen(name, features, code):
    assert code_for(name, features) == code


def test_a_users_own_choice_stays():
    environ = {VARIABLE: "0"}
    assert unlock(environ) == "0" and environ == {VARIABLE: "0"}


def test_it_is_set_where_this_cpu_gains():
    from ppmobile.doctor import cpu

    environ = {}
    assert unlock(environ) == code_for(*cpu()) == environ.get(VARIABLE, "")


PRODUCTS = """
import numpy as np
from ppmobile.mkl import unlock
unlock()
import paddle
rng = np.random.default_rng(0)
for m, k, n in [(1, 9, 640), (3, 3, 3), (33, 65, 129), (128, 1152, 100), (255, 256, 401)]:
    a, b = rng.normal(size=(m, k)), rng.normal(size=(k, n))
    found = paddle.matmul(paddle.to_tensor(a, dtype="float32"), paddle.to_tensor(b, dtype="float32")).numpy()
    # a float32 sum of k products of unit variance is off by a few 1e-7 times sqrt(k) times the steps of the sum
    assert np.abs(found - a @ b).max() < 1e-5 * np.sqrt(k), (m, k, n)
"""


def test_products_equal_those_of_numpy_in_float64():
    done = subprocess.run([sys.executable, "-c", PRODUCTS], env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
