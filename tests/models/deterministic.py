"""Weights and inputs that any program can repeat, so that two implementations of a net can be compared."""

import zlib

import numpy as np


def tensor(key, shape, gain):
    """The float32 tensor of a state-dict key: normal numbers seeded by the key's crc32, scaled by what it is.

    Running means get 0.1 n, running variances 1 + 0.1 |n|, convolutions gain * n / sqrt(fan in), linear layers
    n / sqrt(fan in), batch-norm scales 1 + 0.1 n, biases 0.1 n.
    """
    normal = np.random.RandomState(zlib.crc32(key.encode("utf-8"))).standard_normal(tuple(shape))
    kind, rank = key.split(".")[-1], len(shape)
    if kind == "_variance":
        normal = 1 + 0.1 * np.abs(normal)
    elif kind in ("_mean", "bias"):
        normal = 0.1 * normal
    elif rank == 1:
        normal = 1 + 0.1 * normal
    else:
        normal = normal * (gain / np.sqrt(np.prod(shape[1:])) if rank == 4 else 1 / np.sqrt(shape[0]))
    return normal.astype(np.float32)


def blocky_image(seed, shape):
    """(N, C, H, W) float32: 8x8 coarse squares plus half of white noise (noise alone would be pooled away)."""
    random = np.random.RandomState(seed)
    coarse, fine = random.standard_normal((*shape[:2], 8, 8)), random.standard_normal(shape)
    rows, columns = (np.arange(size) * 8 // size for size in shape[2:])
    return (coarse[:, :, rows[:, None], columns[None, :]] + 0.5 * fine).astype(np.float32)


def white_noise(seed, shape):
    """Standard normal float32 numbers."""
    return np.random.RandomState(seed).standard_normal(tuple(shape)).astype(np.float32)
