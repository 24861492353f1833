"""Batch transforms on detection batches: pooled boxes and their weights, and a size for each batch."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ppmobile.data.collate import collate
from ppmobile.data.frame import to_original, whole
from ppmobile.data.sample import Sample
from ppmobile.errors import ConfigError
from ppmobile.transforms import BatchCompose
from ppmobile.transforms.mix import Mixup, pooled
from ppmobile.transforms.multiscale import MultiScale


def batch(counts=(2, 0, 3), side=16):
    """Picture i is all i, and its boxes have the labels 10 i, 10 i + 1, ..."""
    samples = []
    for i, count in enumerate(counts):
        boxes = np.float32([[j, i, j + 2, i + 3] for j in range(count)]).reshape(-1, 4)
        sample = whole(Sample(np.full((side, side, 3), i, np.float32), boxes=boxes, index=i,
                              labels=10 * i + np.arange(count), difficult=np.arange(count) == 1))  # fmt: skip
        samples.append(sample.copy(image=sample.image.transpose(2, 0, 1)))
    return collate(samples, "detect")


def shown(pool, row):
    """{label: (box, difficult, weight)} of a picture."""
    return {int(label): (box.tolist(), bool(difficult), float(weight)) for label, box, difficult, weight in
            zip(pool["labels"][row], pool["boxes"][row], pool["difficult"][row], pool["weight"][row]) if label >= 0}


def test_pooled_by_hand():
    pool = pooled(batch((1, 0, 2)), np.array([2, 1, 0]), 0.75)
    assert pool["labels"].tolist() == [[0, 20, 21], [-1, -1, -1], [20, 21, 0]]  # own boxes first
    assert pool["weight"].tolist() == [[0.75, 0.25, 0.25], [0, 0, 0], [0.75, 0.75, 0.25]]
    assert pool["boxes"][0].tolist() == [[0, 0, 2, 3], [0, 2, 2, 5], [1, 2, 3, 5]]
    assert pool["difficult"].tolist() == [[False, False, True], [False] * 3, [False, True, False]]
    assert pool["boxes"][1].tolist() == [[0] * 4] * 3


def test_a_picture_that_is_its_own_partner_has_its_boxes_once():
    pool = pooled(batch((2, 1)), np.array([0, 1]), 0.3)
    assert pool["labels"].tolist() == [[0, 1], [10, -1]] and pool["weight"].tolist() == [[1, 1], [1, 0]]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=6), st.integers(0, 10**6))
def test_mixup_claims_what_the_pixels_show(counts, seed):
    given_batch = batch(counts)
    before = {name: value.copy() for name, value in given_batch.items()}
    out = Mixup(alpha=1.5)(given_batch, np.random.default_rng(seed))
    for name, value in before.items():
        assert np.array_equal(value, given_batch[name])
    most = 0
    for row in range(len(counts)):
        found = shown(out, row)
        most = max(most, len(found))
        partners = {label // 10 for label in found} - {row}
        shares = {partner: {w for label, (_, _, w) in found.items() if label // 10 == partner} for partner in partners}
        assert all(label in found for label in range(10 * row, 10 * row + counts[row]))  # none is lost
        if partners:
            (partner, weights), = shares.items()
            assert len(weights) == 1  # lam and 1 - lam, as the pixels show
            assert out["image"][row].mean() == pytest.approx(row + (partner - row) * weights.pop(), abs=1e-4)
        for label, (box, difficult, weight) in found.items():
            column = label % 10
            assert box == before["boxes"][label // 10, column].tolist() and difficult == (column == 1) and weight > 0
    assert out["labels"].shape[1] == max(1, most)  # no padding but what the fullest picture needs
    assert out["boxes"].dtype == np.float32 and out["weight"].dtype == np.float32 and out["labels"].dtype == np.int64


def test_mixup_without_mixing_gives_the_weights_too():
    out = Mixup(p=0.0)(batch(), np.random.default_rng(0))
    assert out["weight"].tolist() == [[1, 1, 0], [0, 0, 0], [1, 1, 1]]


def test_cutmix_is_not_for_boxes():
    with pytest.raises(ConfigError, match="CutMix needs one class label"):
        BatchCompose([{"name": "CutMix"}])(batch(), np.random.default_rng(0))


def test_multiscale_moves_boxes_and_frames():
    given_batch, seen = batch(), set()
    for seed in range(20):
        out = MultiScale([8, [16, 16], [24, 32]])(given_batch, np.random.default_rng(seed))
        seen.add(out["image"].shape[2:])
        assert np.allclose(to_original(out["boxes"], out["frame"], out["size"]), given_batch["boxes"], atol=1e-5)
        assert out["image"].dtype == np.float32 and np.allclose(out["image"].mean(axis=(1, 2, 3)), [0, 1, 2])
        assert out["labels"] is given_batch["labels"]
    assert seen == {(8, 8), (16, 16), (24, 32)}


def test_multiscale_by_area_is_the_mean_of_the_pixels():
    image = np.random.default_rng(0).normal(size=(2, 3, 8, 8)).astype(np.float32)
    out = MultiScale([4])({"image": image, "label": np.arange(2)}, np.random.default_rng(0))
    assert np.allclose(out["image"], image.reshape(2, 3, 4, 2, 4, 2).mean(axis=(3, 5)), atol=1e-6)


@pytest.mark.parametrize("sizes", [[], 320, [0], ["320"]])
def test_multiscale_refuses_other_sizes(sizes):
    with pytest.raises(ConfigError, match="transforms.batch.0.*MultiScale"):
        BatchCompose([{"name": "MultiScale", "sizes": sizes}])


def test_multiscale_and_mixup_both_happen():
    out = BatchCompose([{"name": "Mixup"}, {"name": "MultiScale", "sizes": [8]}])(batch(), np.random.default_rng(0))
    assert out["image"].shape[2:] == (8, 8) and "weight" in out
