"""TopK against scikit-learn and against numbers worked out by hand."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from ppmobile.errors import ConfigError, DataError, PPMobileError
from ppmobile.metrics import METRICS
from ppmobile.metrics.topk import TopK, log_sum_exp, rank


def names(count):
    return [f"class {i}" for i in range(count)]


def batch(label, index=None):
    return {"label": np.array(label), "index": np.arange(len(label)) if index is None else np.array(index)}


def filled(count, pictures, seed=0, k=5, splits=1):
    """A metric fed with random logits in `splits` batches, and what it was fed."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(pictures, count)).astype(np.float32) * 3
    label = rng.integers(0, count, pictures)
    metric = TopK(names(count), k)
    for part in np.array_split(np.arange(pictures), splits):
        metric.update(logits[part], {"label": label[part], "index": part})
    return metric, logits, label


def softmax(logits):
    e = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("splits", [1, 3, 7])
def test_agrees_with_scikit_learn(splits):
    metric, logits, label = filled(count=9, pictures=200, splits=splits)
    predicted = logits.argmax(axis=1)
    labels = range(9)
    result = metric.result()
    assert result["top1"] == pytest.approx(oracle.accuracy_score(label, predicted))
    assert result["top5"] == pytest.approx(oracle.top_k_accuracy_score(label, logits, k=5, labels=labels))
    assert result["loss"] == pytest.approx(oracle.log_loss(label, softmax(logits), labels=labels))
    assert result["mean_class_acc"] == pytest.approx(oracle.balanced_accuracy_score(label, predicted))
    np.testing.assert_array_equal(metric.confusion, oracle.confusion_matrix(label, predicted))
    precision, recall, f1, support = oracle.precision_recall_fscore_support(label, predicted)
    rows = metric.per_class()
    np.testing.assert_allclose([row["precision"] for row in rows], precision)
    np.testing.assert_allclose([row["recall"] for row in rows], recall)
    np.testing.assert_allclose([row["f1"] for row in rows], f1)
    assert [row["pictures"] for row in rows] == support.tolist()


def test_four_pictures_by_hand():
    metric = TopK(["cat", "dog", "owl"], k=2)
    logits = np.log([[0.7, 0.2, 0.1], [0.5, 0.3, 0.2], [0.6, 0.1, 0.3], [0.1, 0.1, 0.8]])
    metric.update(logits, batch([0, 1, 1, 2], index=[4, 8, 6, 2]))
    assert list(metric.result()) == ["top1", "top2", "mean_class_acc", "loss"]
    assert metric.result()["top1"] == 2 / 4
    assert metric.result()["top2"] == 3 / 4
    assert metric.result()["mean_class_acc"] == pytest.approx((1 + 0 + 1) / 3)
    assert metric.result()["loss"] == pytest.approx(-math.log(0.7 * 0.3 * 0.1 * 0.8) / 4)
    assert metric.confusion.tolist() == [[1, 0, 0], [2, 0, 0], [0, 0, 1]]
    assert [row[:3] for row in metric.worst(5)] == [(6, 1, 0), (8, 1, 0)]
    assert [row[3] for row in metric.worst(5)] == pytest.approx([0.6, 0.5])
    assert len(metric.worst(1)) == 1
    assert metric.per_class()[1] == {"class": "dog", "precision": 0.0, "recall": 0.0, "f1": 0.0, "pictures": 2}


def test_numbers_are_plain_and_main_comes_first():
    result = filled(7, 10)[0].result()
    assert next(iter(result)) == TopK.main == "top1"
    assert all(type(value) is float for value in result.values())
    assert all(type(part) in (int, float) for row in filled(7, 10)[0].worst(3) for part in row)


@pytest.mark.parametrize("count, k, second", [(3, 5, None), (5, 5, None), (6, 5, "top5"), (3, 2, "top2"), (9, 1, None)])
def test_second_accuracy_only_where_it_says_something(count, k, second):
    keys = [key for key in filled(count, 20, k=k)[0].result() if key.startswith("top")]
    assert keys == ["top1"] + ([second] if second else [])


def test_parts_of_several_processes_add_up_to_one():
    whole, logits, label = filled(8, 60)
    merged = TopK(names(8))
    for part in np.array_split(np.arange(60), 3):
        worker = TopK(names(8))
        worker.update(logits[part], {"label": label[part], "index": part})
        state = worker.state()
        assert all(isinstance(value, np.ndarray) and value.dtype != object for value in state.values())
        merged.merge(state)
    assert merged.result() == pytest.approx(whole.result())
    np.testing.assert_array_equal(merged.confusion, whole.confusion)
    assert merged.worst(60) == whole.worst(60)


def test_merging_an_idle_process_changes_nothing():
    metric = filled(4, 9)[0]
    before, worst = metric.result(), metric.worst(9)
    metric.merge(TopK(names(4)).state())
    assert metric.result() == before and metric.worst(9) == worst


def test_huge_logits_do_not_overflow():
    metric = TopK(["a", "b"])
    metric.update(np.array([[1e4, -1e4], [-1e4, 1e4]], np.float32), batch([0, 0]))
    assert metric.result()["loss"] == pytest.approx(1e4)  # 0 for the first, 2e4 for the second
    assert metric.worst(1) == [(1, 0, 1, 1.0)]


def test_a_collapsed_model_is_not_called_right_for_every_class():
    metric = TopK(names(10), k=5)
    metric.update(np.zeros((10, 10)), batch(range(10)))
    assert metric.result()["top1"] == 0.1
    assert metric.result()["top5"] == 0.5
    assert metric.result()["loss"] == pytest.approx(math.log(10))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(-2, 2), min_size=4, max_size=4), min_size=1, max_size=6), st.integers(0, 3))
def test_rank_is_the_place_in_a_stable_sort(rows, label):
    logits = np.array(rows, float)
    order = np.argsort(-logits, axis=1, kind="stable")
    expected = [list(row).index(label) for row in order]
    assert rank(logits, np.full(len(rows), label)).tolist() == expected


def test_log_sum_exp_of_equal_logits_is_the_log_of_their_count():
    np.testing.assert_allclose(log_sum_exp(np.full((2, 8), 5.0)), 5 + math.log(8))


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_outside_the_classes_is_named(label):
    with pytest.raises(DataError, match=rf"picture 17 .* label {label}, but there are 3 classes"):
        TopK(names(3)).update(np.zeros((2, 3)), batch([0, label], index=[16, 17]))


def test_a_diverged_model_is_named():
    with pytest.raises(PPMobileError, match="picture 1 .* not finite"):
        TopK(names(2)).update(np.array([[0, 1], [np.nan, 0]]), batch([0, 1]))


def test_another_class_count_is_named():
    with pytest.raises(PPMobileError, match=r"\(2, 4\) do not fit 2 labels of 3 classes"):
        TopK(names(3)).update(np.zeros((2, 4)), batch([0, 1]))


def test_nothing_to_evaluate():
    with pytest.raises(DataError, match="split is empty"):
        TopK(names(3)).result()
    assert TopK(names(3)).worst(4) == []


def test_built_from_a_config():
    assert METRICS.build({"name": "TopK", "k": 3}, "eval.metric", classes=names(9)).k == 3
    with pytest.raises(ConfigError, match="eval.metric.classes: is set by the program"):
        METRICS.build({"name": "TopK", "classes": 3}, "eval.metric", classes=names(9))
    with pytest.raises(ConfigError, match="k must be at least 1"):
        METRICS.build({"name": "TopK", "k": 0}, "eval.metric", classes=names(9))


def test_paddle_is_not_imported():
    code = "import sys, ppmobile.metrics; sys.exit('paddle' in sys.modules or 'sklearn' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, timeout=60).returncode == 0
