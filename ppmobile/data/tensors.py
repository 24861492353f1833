"""From a batch of NumPy arrays to Paddle tensors: the one place where data meets paddle."""

import numpy as np


def to_tensors(batch):
    """{name: Tensor} of the arrays in `batch`; plain values are left out."""
    import paddle

    return {name: paddle.to_tensor(value) for name, value in batch.items() if isinstance(value, np.ndarray)}
