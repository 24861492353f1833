"""The pages that tools/parity.py writes, while it is at work and at the end."""

from pathlib import Path

import pytest

from ppmobile.config import load
from ppmobile.export import parity
from ppmobile.export.parity_boxes import FAMILIES, BoxTable


@pytest.mark.parametrize(("passed", "total", "line"), [
    ([True] * 11, 41, "11 of 41 configs so far, 11 passed."), ([True, False], 3, "2 of 3 configs so far, 1 passed."),
    ([True, True], 2, "2 of 2 configs passed."), ([True, False], 2, "1 of 2 configs passed."),
])
def test_the_page_says_how_far_it_is(tmp_path, passed, total, line):
    found = {f"net{i}": {"passed": one, "verdict": "passed", "errors": {}} for i, one in enumerate(passed)}
    parity.write_page(tmp_path / "page.md", found, [Path(f"net{i}.yml") for i in range(total)])
    assert (tmp_path / "page.md").read_text(encoding="utf-8").splitlines()[-1] == line


def test_the_page_of_the_detectors(tmp_path):
    found = {"net": {"passed": True, "verdict": "passed", "arm": 4_600_000, "seconds": 61.2, "errors": {
        "paddle-fp32": [1.0, 5.4e-6, 0.0], "paddle-bf16": [0.987, 0.1, 0.21], "full": [1.0, 1.2e-7, None]}}}
    parity.write_page(tmp_path / "page.md", found, [Path("net.yml")], BoxTable)
    lines = (tmp_path / "page.md").read_text(encoding="utf-8").splitlines()
    assert "| net | 100.0%, 5e-06 | - | - | - | 98.7%, 0.21 | - | 100.0%, 1e-07 | 4.6 | 61 | passed |" in lines
    assert "    python tools/parity.py --detect net.yml" in lines and "1 of 1 configs passed." in lines


def test_one_small_config_of_each_family_at_320_pixels():
    files = sorted((Path(__file__).resolve().parents[2] / "configs" / "detect").glob("*.yml"))
    chosen = BoxTable.chosen(files)
    assert sorted(file.stem for file in chosen) == sorted(FAMILIES)
    for file in chosen:
        steps = BoxTable.prepared(load(file)).transforms.eval
        assert [step["size"] for step in steps if step["name"] == "Resize"] == [320]
