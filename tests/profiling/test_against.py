"""The page on PaddleDetection's speed keeps its text, and a PaddleDetection that does not run is one line."""

import sys

import pytest

from ppmobile.errors import PPMobileError
from ppmobile.profiling.against import END, START, insert, page, rows_of, theirs
from ppmobile.profiling.paddledetection import read_records


def test_new_tables_replace_the_old_ones_alone():
    text = f"# Title\n\n{START}\n\nold\n{END}\n\nmore\n"
    assert insert(text, "new\n") == f"# Title\n\n{START}\n\nnew\n\n{END}\n\nmore\n"
    assert insert("", "new\n") == f"{START}\n\nnew\n\n{END}\n"


def test_the_tables_are_markdown():
    rows = [{"what": "a", "img_per_s": 0.5, "core": 0.9, "ratio": 1.0}]
    assert "| a | 0.50 | 0.90 | 1.00 |" in page(rows, {"b": 34.4}) and "| b | 34 |" in page(rows, {"b": 34.4})


def test_a_folder_without_paddledetection_is_told(tmp_path):
    with pytest.raises(PPMobileError, match="PaddleDetection did not run with .*No module named 'ppdet'"):
        theirs(str(tmp_path), sys.executable, str(tmp_path), 1, None)


def test_paddledetection_gets_the_boxes_that_we_read(tmp_path):
    from ppmobile.data import READERS
    from ppmobile.profiling.made import write_made

    dataset = READERS.build(write_made(tmp_path, "detect", 2))
    for index, record in enumerate(read_records(tmp_path)):
        assert record["gt_bbox"] == pytest.approx(dataset.items[index]["boxes"], abs=1e-3)
        assert record["gt_class"][:, 0].tolist() == dataset.items[index]["labels"].tolist()


def test_ratios_are_to_the_first_row_by_the_column_that_says_most():
    rows = rows_of({"them": [[0.2, 0.9], [0.4, 1.1]], "us, 1 process": [[0.6, 3.0]], "us, 2 processes": [[1.2, 2.8]]})
    assert [row["ratio"] for row in rows] == pytest.approx([1, 3.0, 1.2 / 0.3])
