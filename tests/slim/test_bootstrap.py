"""Intervals by resampling pictures: a resample counts exactly as a data set that holds its pictures as often would."""

from types import SimpleNamespace

import numpy as np
import pytest

from ppmobile.errors import PPMobileError
from ppmobile.metrics import METRICS
from ppmobile.slim import bootstrap

CLASSES = ["a", "b", "c"]


def scenes(pictures, seed=0):
    """(items of a data set, found boxes) of random pictures; the third class is rare, some pictures are empty."""
    rng = np.random.default_rng(seed)
    items, found = [], []
    for _ in range(pictures):
        objects = rng.integers(0, 5)
        corner = rng.uniform(0, 60, (objects, 2))
        boxes = np.hstack([corner, corner + rng.uniform(10, 40, (objects, 2))]).astype(np.float32)
        labels = rng.choice(3, objects, p=[0.5, 0.45, 0.05])
        items.append({"boxes": boxes, "labels": labels, "difficult": rng.random(objects) < 0.1})
        guess = boxes + rng.normal(0, 4, boxes.shape)
        stray = np.hstack([rng.uniform(0, 50, (2, 2)), rng.uniform(60, 100, (2, 2))])
        rows = np.vstack([guess, stray])
        label = np.append(np.where(rng.random(objects) < 0.8, labels, 0), rng.integers(0, 3, 2))
        found.append(np.column_stack([label, rng.random(len(rows)), rows]).astype(np.float32))
    return items, found


def measured(name, items, found, times=None):
    """The metric `name` of pictures, each taken as often as `times` says."""
    order = np.repeat(np.arange(len(items)), np.ones(len(items), int) if times is None else times)
    metric = METRICS.get(name)(CLASSES, SimpleNamespace(items=[items[i] for i in order]))
    metric.update([found[i] for i in order], {"index": np.arange(len(order))})
    return metric


@pytest.mark.parametrize("name", ["VocMap", "CocoMap"])
def test_a_resample_is_the_metric_of_its_pictures(name):
    items, found = scenes(25)
    count = bootstrap.weights(25, resamples=4, seed=3)
    got = bootstrap.resampled(measured(name, items, found), np.vstack([np.ones(25, int), count]))
    metrics = [measured(name, items, found), *(measured(name, items, found, times) for times in count)]
    # copies of a picture tie in score, so their order is another; the curve's envelope is the same
    assert got == pytest.approx([one.result()[one.main] for one in metrics], abs=1e-9)


def test_classes_without_objects_do_not_count():
    items, found = scenes(6)
    for item in items:
        item["labels"] = np.zeros_like(item["labels"])
    metric = measured("VocMap", items, found)
    assert bootstrap.resampled(metric, np.ones((1, 6), int))[0] == pytest.approx(metric.result()["map50"])
    nothing = np.zeros((1, 6), int)
    assert np.isnan(bootstrap.resampled(metric, nothing)).all()


def test_top1_counts_right_pictures():
    metric = METRICS.get("TopK")(CLASSES)
    logits = np.eye(3)[[0, 1, 2, 0]]
    metric.update(logits, {"label": np.array([0, 1, 2, 1]), "index": np.arange(4)})  # the last one is wrong
    count = np.array([[1, 1, 1, 1], [0, 0, 0, 4], [2, 0, 0, 2]])
    assert bootstrap.resampled(metric, count) == pytest.approx([0.75, 0, 0.5])


def test_interval_of_a_share_is_as_wide_as_the_binomial_says():
    count = bootstrap.weights(400, resamples=2000)
    right = (np.arange(400) < 300).astype(float)
    low, high = bootstrap.interval(count @ right / 400)
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)  # normal approximation of the binomial: 0.0424
    assert (high - low) / 2 == pytest.approx(half, rel=0.1) and low < 0.75 < high


def test_weights_are_the_same_each_time_and_each_resample_is_whole():
    first, second = bootstrap.weights(9), bootstrap.weights(9)
    assert (first == second).all() and first.shape == (200, 9) and (first.sum(1) == 9).all()


def test_an_unknown_metric():
    with pytest.raises(PPMobileError, match="no interval is known"):
        bootstrap.resampled(SimpleNamespace(), np.ones((1, 1)))
