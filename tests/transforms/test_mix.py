"""Mixed batches: the pixels are the ones that lam and label_b claim."""

import numpy as np
import pytest

from ppmobile.errors import ConfigError
from ppmobile.transforms import BATCH_TRANSFORMS, BatchCompose
from ppmobile.transforms.mix import CutMix, Mixup


def batch(count=6, size=16):
    """Picture i is all i, and its label is i: a mixed picture shows its shares."""
    image = np.arange(count, dtype=np.float32)[:, None, None, None] * np.ones((1, 3, size, size), np.float32)
    return {"image": image, "label": np.arange(count), "index": np.arange(count) + 50}


@pytest.mark.parametrize("name", ["CutMix", "Mixup"])
@pytest.mark.parametrize("count, size", [(6, 16), (1, 4), (2, 1)])
def test_shapes_types_and_claims(name, count, size):
    given = batch(count, size)
    before = given["image"].copy()
    step = BATCH_TRANSFORMS.build({"name": name})
    for seed in range(30):
        out = step(given, np.random.default_rng(seed))
        again = step(given, np.random.default_rng(seed))
        assert out["image"].dtype == np.float32 and out["image"].shape == before.shape
        assert out["label_b"].dtype == np.int64 and out["lam"].dtype == np.float32
        assert out["label_b"].shape == out["lam"].shape == (count,) and sorted(out["label_b"]) == list(range(count))
        lam = out["lam"].astype(np.float64)
        assert (lam >= 0).all() and (lam <= 1).all()
        claimed = lam * out["label"] + (1 - lam) * out["label_b"]
        assert np.allclose(out["image"].mean(axis=(1, 2, 3)), claimed, atol=1e-4)
        assert np.array_equal(out["image"], again["image"]) and np.array_equal(out["lam"], again["lam"])
        assert np.array_equal(out["index"], given["index"])
    assert np.array_equal(given["image"], before) and set(given) == {"image", "label", "index"}


def test_cutmix_pastes_one_rectangle():
    out = CutMix()(batch(), np.random.default_rng(3))
    for image, a, b in zip(out["image"], out["label"], out["label_b"]):
        pasted = image[0] != a
        assert set(np.unique(image)) <= {a, b}
        rows, columns = pasted.any(axis=1), pasted.any(axis=0)
        assert pasted.sum() == rows.sum() * columns.sum()


def test_mixup_share_follows_beta():
    rng = np.random.default_rng(0)
    lam = np.array([Mixup(alpha=0.2)(batch(2, 1), rng)["lam"][0] for _ in range(2000)])
    # Beta(a, a) has the mean 1/2 and the variance 1 / (4 (2 a + 1)) = 0.1786
    assert abs(lam.mean() - 0.5) < 0.04 and abs(lam.var() - 0.1786) < 0.01


def test_probability_zero_still_gives_the_keys():
    given = batch()
    out = Mixup(p=0.0)(given, np.random.default_rng(0))
    assert out["image"] is given["image"] and (out["lam"] == 1).all() and np.array_equal(out["label_b"], out["label"])


def test_of_two_configured_one_is_drawn_for_each_batch():
    both = BatchCompose([{"name": "Mixup", "alpha": 1.0}, {"name": "CutMix"}])
    outcomes = [both(batch(2, 8), np.random.default_rng(i)) for i in range(60)]
    swapped = [out["image"] for out in outcomes if out["label"][0] != out["label_b"][0]]
    mixed = sum(not np.isin(image, [0, 1]).all() for image in swapped)  # CutMix gives no new values, Mixup does
    assert 5 < mixed < len(swapped) - 5


def test_no_batch_transforms_change_nothing():
    given = batch()
    assert BatchCompose([])(given, np.random.default_rng(0)) is given


def test_pictures_without_labels_are_refused():
    with pytest.raises(ConfigError, match="Mixup needs one class label"):
        Mixup()({**batch(), "label": np.full(6, -1)}, np.random.default_rng(0))


def test_wrong_options_name_their_place():
    with pytest.raises(ConfigError, match="transforms.batch.0.*alpha must be"):
        BatchCompose([{"name": "CutMix", "alpha": -1.0}])
