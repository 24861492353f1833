"""Curves and confusion plots: what is drawn where, and that files are whole or absent."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ppmobile.errors import DataError
from ppmobile.explain import plots
from ppmobile.files import read_image

ROWS = """epoch,step,lr,loss,val_loss,top1,img_per_s,data_wait,epoch_s
1,10,0.1,2.0,,0.25,100,0.5,0.9
2,20,0.2,1.0,1.5,,90,0.4,0.8
"""


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "metrics é.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def shown(monkeypatch):
    """The figures that were drawn, kept before they are written."""
    figures = []
    original = plots.save
    monkeypatch.setattr(plots, "save", lambda figure, path: (figures.append(figure), original(figure, path)))
    return figures


def panels(figure):
    return {
        axes.get_ylabel(): {line.get_label(): line.get_xydata().tolist() for line in axes.lines} for axes in figure.axes
    }


def tick_labels(axes):
    """Those of the y axis that are drawn; matplotlib also lists ticks beyond the ends of the axis."""
    low, high = axes.get_ylim()
    return [one for one in axes.get_yticklabels() if low <= one.get_position()[1] <= high]


def texts(axes):
    return [one.get_text() for one in axes.texts]


def test_each_column_is_in_its_panel(table, tmp_path, shown):
    plots.curves(table(ROWS), tmp_path / "曲线.png")
    assert panels(shown[0]) == {
        "loss": {"loss": [[1, 2.0], [2, 1.0]], "val_loss": [[2, 1.5]]},
        "metric (%)": {"top1": [[1, 25.0]]},
        "learning rate": {"lr": [[1, 0.1], [2, 0.2]]},
        "pictures / s": {"img_per_s": [[1, 100], [2, 90]]},
    }
    assert shown[0].axes[-1].get_xlabel() == "epoch"
    picture = read_image(tmp_path / "曲线.png")
    assert min(picture.shape[:2]) > 400 and len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


def test_texts_of_the_curves_do_not_overlap(table, tmp_path, shown):
    plots.curves(table(ROWS), tmp_path / "c.png")
    figure = shown[0]
    figure.canvas.draw()  # writing the file left the positions of its cropped version
    labels = [text for axes in figure.axes for text in (*tick_labels(axes), axes.yaxis.label, axes.xaxis.label)]
    boxes = [text.get_window_extent(figure.canvas.get_renderer()) for text in labels if text.get_text()]
    assert len(boxes) > 12
    assert not [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlaps(b)]


def test_equal_metrics_are_both_seen(table, tmp_path, shown):
    """Where classes are balanced, mean_class_acc lies exactly on top1."""
    plots.curves(table("epoch,top1,mean_class_acc\n1,0.2,0.2\n2,0.8,0.8\n"), tmp_path / "c.png")
    colors = {tuple(c) for c in read_image(tmp_path / "c.png")[:, :650].reshape(-1, 3)}  # without the legend
    assert {(0x1F, 0x77, 0xB4), (0xFF, 0x9D, 0x45)} <= colors, "matplotlib's first colour and the first pale one"


@pytest.mark.parametrize("rows, ends", [("4,0.5,90\n", (3.5, 4.5)), ("3,0.5,90\n4,,95\n", (2.5, 4.5))])
def test_axes_begin_at_the_first_epoch_and_at_no_speed(table, tmp_path, shown, rows, ends):
    plots.curves(table(f"epoch,top1,img_per_s\n{rows}"), tmp_path / "c.png")
    assert all(axes.get_xlim() == ends for axes in shown[0].axes)
    assert shown[0].axes[1].get_ylim()[0] == 0 and shown[0].axes[1].get_ylim()[1] > 95


@pytest.mark.parametrize(
    "value, small, text",
    [(0.05, False, "0.05"), (0.0001, False, "0.0001"), (0.1 + 0.2, False, "0.3"), (0, True, "0"), (2e-5, True, "2e-5"),
     (1.2500000001e-4, True, "1.25e-4"), (1e-3, True, "1e-3")],
)
def test_learning_rates_at_ticks(value, small, text):
    assert plots.rate(value, small) == text


@pytest.mark.parametrize("top, expected", [(0.1, "0.05"), (1e-4, "5e-5")])
def test_ticks_of_the_learning_rate_are_plain_numbers(top, expected, table, tmp_path, shown):
    plots.curves(table(f"epoch,lr\n1,{top}\n2,{top / 2}\n"), tmp_path / "c.png")
    assert expected in [one.get_text() for one in shown[0].axes[0].get_yticklabels()]


def test_several_rows_an_epoch_are_drawn_by_step(table, tmp_path, shown):
    plots.curves(table("epoch,step,loss\n1,5,3\n1,10,2\n2,15,1\n"), tmp_path / "c.png")
    assert panels(shown[0]) == {"loss": {"loss": [[5, 3], [10, 2], [15, 1]]}}
    assert shown[0].axes[-1].get_xlabel() == "step"


def test_of_a_repeated_epoch_the_last_row_counts(table, tmp_path, shown):
    plots.curves(table("epoch,loss\n2,9\n1,3\n2,1\n"), tmp_path / "c.png")
    assert panels(shown[0])["loss"]["loss"] == [[1, 3], [2, 1]]


def test_a_row_cut_off_and_numbers_that_are_none_are_gaps(table, tmp_path, shown):
    plots.curves(table("epoch,loss,top1\n1,nan,0.5\n2,inf,0.6\n3,2.5"), tmp_path / "c.png")
    assert panels(shown[0]) == {"loss": {"loss": [[3, 2.5]]}, "metric (%)": {"top1": [[1, 50.0], [2, 60.0]]}}


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "no numbers to draw yet"),
        ("epoch,loss\n", "no numbers to draw yet"),
        ("epoch,loss\n1,oops\n", "line 2, column loss: 'oops' is not a number"),
    ],
)
def test_an_unusable_table_is_explained(table, tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        plots.curves(table(text), tmp_path / "c.png")
    assert not (tmp_path / "c.png").exists()


def test_a_missing_or_binary_table_is_explained(tmp_path):
    with pytest.raises(DataError, match="none.csv: cannot be read: No such file"):
        plots.curves(tmp_path / "none.csv", tmp_path / "c.png")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(DataError, match="not a text"):
        plots.curves(tmp_path / "b.csv", tmp_path / "c.png")


def test_confusion_shows_shares_by_row_and_counts(tmp_path, shown):
    plots.confusion(np.array([[3, 1, 0], [0, 20_000, 0], [0, 0, 0]]), ["cat", "$dog$", "é"], tmp_path / "混淆.png")
    axes = shown[0].axes[0]
    assert axes.images[0].get_array().tolist() == [[75, 25, 0], [0, 100, 0], [0, 0, 0]]
    assert texts(axes) == ["3", "1", "20k"]
    assert [one.get_text() for one in axes.get_yticklabels()] == ["cat", "$dog$", "é"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted class", "true class")
    assert (tmp_path / "混淆.png").stat().st_size > 1000


@pytest.mark.parametrize("count, named, counted", [(20, 20, True), (100, 100, False), (250, 84, False)])
def test_many_classes_stay_readable(count, named, counted, tmp_path, shown):
    names = [f"{i} a class name that is rather too long" for i in range(count)]
    plots.confusion(np.eye(count, dtype=int), names, tmp_path / "c.png")
    axes = shown[0].axes[0]
    assert len(axes.get_xticklabels()) == named
    assert bool(texts(axes)) == counted
    boxes = [one.get_window_extent(shown[0].canvas.get_renderer()) for one in axes.get_yticklabels()]
    assert all(above.y0 >= below.y1 - 1.5 for above, below in zip(boxes, boxes[1:])), "names overlap"


def test_counts_that_do_not_fit_the_classes(tmp_path):
    with pytest.raises(DataError, match=r"\(2, 2\) do not fit 3 classes"):
        plots.confusion(np.eye(2), ["a", "b", "c"], tmp_path / "c.png")


@pytest.mark.parametrize(
    "count, text",
    [(1, "1"), (9999, "9999"), (10_000, "10k"), (999_999, "999k"), (1_000_000, "1M"), (np.int64(25), "25")],
)
def test_compact(count, text):
    assert plots.compact(count) == text


def test_long_names_keep_both_ends():
    assert plots.short("a" * 28) == "a" * 28
    long = plots.short("Egyptian" + "x" * 40 + "cat_2")
    assert len(long) == 28 and long.startswith("Egyptian") and long.endswith("cat_2")


def test_a_notebook_keeps_its_backend(tmp_path):
    code = (
        "import sys, numpy as np; from ppmobile.explain import plots\n"
        "assert 'matplotlib' not in sys.modules\n"
        f"plots.confusion(np.eye(2), ['a', 'b'], {str(tmp_path / 'c.png')!r})\n"
        "assert 'matplotlib.pyplot' not in sys.modules and 'paddle' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[2], timeout=60, check=True)
