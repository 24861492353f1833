"""FGD against plain loops in NumPy, written from the paper (arXiv:2111.11837, section 3)."""

import math

import numpy as np
import paddle
import pytest

from ppmobile.slim.distill import fgd

RNG = np.random.default_rng(5)
SIZE, CELLS = (40, 60), (4, 6)  # ten pixels a cell
BOXES = np.float32([[[5, 5, 25, 15], [11, 1, 19, 9], [0, 0, 0, 0]], [[40, 20, 60, 40], [0, 0, 0, 0], [0, 0, 0, 0]]])


def masks_by_loops():
    """Each cell: 1 / cells of the smallest box that touches it, else 1 / cells of no box."""
    inside = np.zeros((2, *CELLS))
    for n, boxes in enumerate(BOXES):
        for x1, y1, x2, y2 in boxes:
            if x2 > x1:
                rows = range(math.floor(y1 / 10), math.ceil(y2 / 10))
                columns = range(math.floor(x1 / 10), math.ceil(x2 / 10))
                for row in rows:
                    for column in columns:
                        inside[n, row, column] = max(inside[n, row, column], 1 / (len(rows) * len(columns)))
    outside = (inside == 0).astype(float)
    return inside, outside / outside.sum(axis=(1, 2), keepdims=True)


def test_masks_equal_loops():
    for found, wanted in zip(fgd.masks(BOXES, SIZE, CELLS), masks_by_loops()):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    # by hand: the first box touches 2 x 3 cells, the second, inside one of them, 1
    assert fgd.masks(BOXES, SIZE, CELLS)[0][0, :2, :3].tolist() == [
        [pytest.approx(1 / 6), 1, pytest.approx(1 / 6)], [pytest.approx(1 / 6)] * 3]


def test_a_picture_full_of_a_box_has_no_background():
    inside, outside = fgd.masks(np.float32([[[0, 0, 60, 40]]]), SIZE, CELLS)
    assert inside.sum() == pytest.approx(1) and not outside.any()


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def test_the_focal_part_equals_loops():
    student, teacher = (RNG.normal(size=(2, 5, *CELLS)) for _ in range(2))
    inside, outside = masks_by_loops()
    wanted = 0.0
    for n in range(2):
        parts = {}
        for name, x in (("s", student[n]), ("t", teacher[n])):
            places = softmax(np.abs(x).mean(axis=0).reshape(-1) / 0.5).reshape(CELLS) * 24
            channels = softmax(np.abs(x).mean(axis=(1, 2)) / 0.5) * 5
            parts[name] = places, channels
        for k, row, column in np.ndindex(5, *CELLS):
            weight = fgd.ALPHA * inside[n, row, column] + fgd.BETA * outside[n, row, column]
            square = (student[n, k, row, column] - teacher[n, k, row, column]) ** 2
            wanted += weight * parts["t"][0][row, column] * parts["t"][1][k] * square / 2
        wanted += fgd.GAMMA / 2 * sum(np.abs(a - b).sum() for a, b in zip(parts["s"], parts["t"]))
    found = fgd.focal(*(paddle.to_tensor(x.astype(np.float32)) for x in (student, teacher)), BOXES, SIZE)
    assert float(found) == pytest.approx(wanted, rel=1e-5)


def test_the_context_adds_one_vector_to_all_places_and_a_fresh_one_nothing():
    paddle.seed(1)
    context = fgd.Context(6)
    x = paddle.to_tensor(RNG.normal(size=(2, 6, 3, 4)).astype(np.float32))
    np.testing.assert_array_equal(context(x).numpy(), x.numpy())
    context.outer.weight.set_value(RNG.normal(size=context.outer.weight.shape).astype(np.float32))
    added = (context(x) - x).numpy()
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :, :1, :1], added.shape), atol=1e-5)
    assert np.abs(added).max() > 0.01


def test_equal_maps_have_no_loss():
    x = paddle.to_tensor(RNG.normal(size=(2, 5, *CELLS)).astype(np.float32))
    assert float(fgd.focal(x, x, BOXES, SIZE)) == 0 and float(fgd.relation(x, x)) == 0
