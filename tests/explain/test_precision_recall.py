"""The picture of precision against recall: which curves are drawn and named, and where they end."""

import numpy as np
import pytest

from ppmobile.errors import DataError
from ppmobile.explain import precision_recall as pr
from ppmobile.files import read_image


def row(name, ap, recall=(0.5, 0.5, 1.0), precision=(1.0, 0.5, 0.75)):
    return {"class": name, "ap50": ap, "recall": np.array(recall), "precision": np.array(precision)}


@pytest.fixture
def shown(monkeypatch):
    """The figures that were drawn, kept before they are written."""
    figures, original = [], pr.save
    monkeypatch.setattr(pr, "save", lambda figure, path: (figures.append(figure), original(figure, path)))
    return figures


def legend(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_two_classes_and_their_mean(tmp_path, shown):
    pr.precision_recall([row("$dog$", 0.5, (0.5,), (1.0,)), row("é", 0.875)], tmp_path / "曲线.png")
    assert legend(shown[0]) == ["é  87.5 %", "$dog$  50.0 %", "mean of 2  68.8 %"]
    first, second, mean = shown[0].axes[0].lines
    assert first.get_xydata().tolist() == [[0.5, 1], [0.5, 0.75], [1, 0.75]]  # the best precision from there on
    assert second.get_xydata().tolist() == [[0.5, 1]]
    # up to recall 0.5 both have precision 1; beyond, one has 0.75 and the other does not get there
    assert mean.get_ydata().tolist() == [1.0] * 51 + [0.375] * 50
    picture = read_image(tmp_path / "曲线.png")
    assert min(picture.shape[:2]) > 400 and len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


def test_of_many_classes_the_best_and_the_worst_are_named(tmp_path, shown):
    pr.precision_recall([row(f"class {i}", i / 80) for i in range(80)], tmp_path / "c.png")
    names = [text.rsplit("  ")[0] for text in legend(shown[0])]
    assert names == [f"class {i}" for i in (79, 78, 77, 76, 3, 2, 1, 0)] + ["mean of 80"]
    assert len(shown[0].axes[0].lines) == 81


def test_coco_and_nothing_found(tmp_path, shown):
    grid = np.linspace(0, 1, 101)
    rows = [row("a", 0.3, grid, np.where(grid < 0.3, 1.0, 0.0)), row("b", 0.0, [], []), row("c", 0.0, grid, 0 * grid)]
    pr.precision_recall(rows, tmp_path / "c.png")
    a, b, c, mean = shown[0].axes[0].lines
    assert a.get_xdata().max() == pytest.approx(0.29) and len(b.get_xdata()) == len(c.get_xdata()) == 0
    assert mean.get_ydata().max() == pytest.approx(1 / 3)


def test_one_class_needs_no_mean(tmp_path, shown):
    pr.precision_recall([row("a", 0.5)], tmp_path / "c.png")
    assert legend(shown[0]) == ["a  50.0 %"]


def test_no_curves(tmp_path):
    with pytest.raises(DataError, match="c.png: no class has boxes"):
        pr.precision_recall([], tmp_path / "c.png")
