"""The documents: every relative link leads to a file, and to a heading of it; nothing is left to fill in."""

import re

import pytest
from test_house_rules import name_of, tracked

DOCUMENTS = sorted(path for path in tracked() if path.suffix == ".md" and path.is_file())
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]*))?\)")
LEFT = re.compile(r"\b(TODO|TBD|FIXME|XXX|PLACEHOLDER)\b")


def anchors(text):
    """The names that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ +(.+?)\s*$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(path, text):
    """Yield the relative links of a document that lead nowhere."""
    for file, heading in LINK.findall(re.sub(r"`[^`\n]*`", "", text)):
        target = path.parent / file if file else path
        if not target.exists():
            yield file
        elif heading and heading not in anchors(target.read_text(encoding="utf-8")):
            yield f"{file}#{heading}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere_and_nothing_is_left_to_fill_in(path):
    text = path.read_text(encoding="utf-8")
    assert list(broken_links(path, text)) == []
    assert LEFT.findall(text) == []


def test_a_broken_link_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# One thing, two\n", encoding="utf-8")
    text = "[a](page.md#one-thing-two) [b](page.md#three) [c](nowhere.md) [d](https://example.org) `[e](code.md)`"
    assert list(broken_links(page, text)) == ["page.md#three", "nowhere.md"]
