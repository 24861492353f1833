"""The pages and the text of a benchmark."""

import pytest

from ppmobile.profiling import report

ROW = {"artefact": "net", "folder": "out/net", "runtime": "paddle-fp32", "median_ms": 2.0, "p10_ms": 1.9,
       "p90_ms": 2.2, "ratio": 1.0, "noise": 0.02, "files_mb": 6.8, "peak_mib": None, "predictor_mib": None,
       "top1": None, "reason": ""}
FAST = {**ROW, "runtime": "openvino-bf16", "median_ms": 1.0, "p10_ms": 0.9, "p90_ms": 1.1, "ratio": 2.0}


@pytest.fixture
def rows():
    """Two artefacts of the same name."""
    return [dict(ROW), dict(FAST), {**ROW, "folder": "other/net"}]


def test_each_artefact_has_its_table_and_judgement(rows):
    text = report.terminal(rows, {})
    assert text.count("runtime") == 2 and "out/net" in text and "other/net" in text
    assert "openvino-bf16 is the fastest here, 1.00 ms, 2.00 times as fast" in text


def test_the_page_says_how_it_was_measured(rows, tmp_path):
    names = report.write(rows, {}, tmp_path / "ergebnis é", "ppmobile bench out/net", 2)
    assert names == ["bench.csv", "bench.md", "bench.png"]
    page = (tmp_path / "ergebnis é" / "bench.md").read_text(encoding="utf-8")
    assert "    ppmobile bench out/net" in page and "2 threads of" in page and "paddlepaddle 3" in page
    assert page.count("| paddle-fp32 |") == 2 and "![time of each runtime](bench.png)" in page


def test_nothing_to_draw(tmp_path):
    gone = {**dict.fromkeys(ROW), "artefact": "net", "folder": "net", "runtime": "paddle-fp32", "reason": "absent"}
    assert report.write([gone], {}, tmp_path, "ppmobile bench net", 1) == ["bench.csv", "bench.md"]
    page = (tmp_path / "bench.md").read_text(encoding="utf-8")
    assert "bench.png" not in page and "nothing could run here" in page
