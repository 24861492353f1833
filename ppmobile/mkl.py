"""Lets the matrix library inside Paddle use all that an AMD CPU can: by itself it is fast on its maker's CPUs alone."""

import os

from .doctor import cpu

VARIABLE = "MKL_DEBUG_CPU_TYPE"  # read once by Intel's MKL up to 2020.0, at its first product; later ones ignore it
AVX512 = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
AVX2 = {"avx2", "fma"}


def unlock(environ=os.environ):
    """Choose the instructions of MKL 2019.5, which Paddle 3.1 brings; returns what is set now, "" for MKL's own choice.

    Convolutions are trained 3 times as fast on an AMD EPYC (docs/results/detection_speed.md). Sums are formed in
    another order, so results differ in the last digits: training and eval ask for it, `ppmobile.build` does not. Call
    it before Paddle computes; what the user has set stays, and MKL_DEBUG_CPU_TYPE=0 leaves the choice to MKL.
    """
    if VARIABLE not in environ:
        code = code_for(*cpu())
        if code:
            environ[VARIABLE] = code
    return environ.get(VARIABLE, "")


def code_for(name, features):
    """MKL's number for the best instructions of an AMD or Hygon CPU, "" for all others.

    name, features: as doctor.cpu gives them. Only what the CPU has is chosen: an unknown instruction ends a process.
    """
    if features is None or not any(maker in name for maker in ("AMD", "Hygon")):
        return ""
    return "7" if features >= AVX512 else "5" if features >= AVX2 else ""
