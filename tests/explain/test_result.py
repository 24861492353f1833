"""The result of an evaluation: its table, and the mistakes that result.json lists."""

import json

import numpy as np
import pytest

from ppmobile.data.base import Dataset
from ppmobile.explain.report import print_result, write_result
from ppmobile.files import write_image
from ppmobile.metrics.topk import TopK


@pytest.fixture
def metric():
    """Three pictures, the second of which is taken for the other class with a probability of 1 / (1 + e^-2)."""
    counted = TopK(["大熊猫", "cat"])
    logits = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    counted.update(logits, {"label": np.array([0, 1, 1]), "index": np.array([0, 1, 2])})
    return counted


@pytest.fixture
def dataset(tmp_path):
    """The three pictures."""
    made = Dataset()
    made.items = [{"path": str(tmp_path / f"图 {i}.png"), "label": 0} for i in range(3)]
    for path in made.paths:
        write_image(path, np.zeros((4, 4, 3), np.uint8))
    return made


def test_the_json_lists_the_worst_mistakes(metric, dataset, tmp_path):
    write_result(metric, dataset, tmp_path / "out", 24)
    worst = json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))["worst"]
    assert worst == [{"file": str(tmp_path / "图 1.png"), "true": "cat", "predicted": "大熊猫",
                      "probability": pytest.approx(1 / (1 + np.exp(-2)))}]


def test_none_are_listed_where_none_are_wanted(metric, dataset, tmp_path):
    write_result(metric, dataset, tmp_path / "out", 0)
    assert json.loads((tmp_path / "out" / "result.json").read_text(encoding="utf-8"))["worst"] == []
    assert not (tmp_path / "out" / "worst.png").exists()


def test_wide_names_do_not_shift_the_table(metric, capsys):
    print_result(metric, "val", 3)
    # 大熊猫 takes six columns, one more than "class"
    head, *rows = capsys.readouterr().out.splitlines()[1:]
    assert head.startswith("  class   pictures  ")
    assert [row.split("0.")[0].split("1.")[0].rstrip() for row in rows] == [
        "  大熊猫         1", "  cat            2"]
