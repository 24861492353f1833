"""The last line of the page that tools/parity.py writes, while it is at work and at the end."""

from pathlib import Path

import pytest

from ppmobile.export import parity


@pytest.mark.parametrize(("passed", "total", "line"), [
    ([True] * 11, 41, "11 of 41 configs so far, 11 passed."), ([True, False], 3, "2 of 3 configs so far, 1 passed."),
    ([True, True], 2, "2 of 2 configs passed."), ([True, False], 2, "1 of 2 configs passed."),
])
def test_the_page_says_how_far_it_is(tmp_path, passed, total, line):
    found = {f"net{i}": {"passed": one, "verdict": "passed", "errors": {}} for i, one in enumerate(passed)}
    parity.write_page(tmp_path / "page.md", found, [Path(f"net{i}.yml") for i in range(total)])
    assert (tmp_path / "page.md").read_text(encoding="utf-8").splitlines()[-1] == line
