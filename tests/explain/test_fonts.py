"""Class names in any script: the right font, or codes instead of the empty boxes of missing letters."""

import pytest

from ppmobile.errors import PPMobileError
from ppmobile.explain import fonts

UNWRITTEN = "\U00010000"  # a letter of Linear B, which no common font has


@pytest.fixture
def no_system_fonts(monkeypatch):
    monkeypatch.setattr(fonts, "system_fonts", lambda: ())
    monkeypatch.delenv(fonts.FONT_VARIABLE, raising=False)


def test_european_letters_need_no_other_font():
    assert fonts.font_for(["Großkatze é Ωж -> 93 %"]) == fonts.default_font()
    assert fonts.legible("Großkatze é Ωж", fonts.default_font()) == "Großkatze é Ωж"


def test_missing_letters_become_codes(no_system_fonts):
    path = fonts.font_for(["猫 cat"])
    assert path == fonts.default_font()
    assert fonts.legible("猫 cat", path) == r"\u732B cat"
    assert fonts.legible(UNWRITTEN, path) == r"\U00010000"
    assert not fonts.has_chinese()


def test_one_warning_names_the_remedies(no_system_fonts, monkeypatch, capsys):
    monkeypatch.setattr(fonts, "WARNED", [])
    assert fonts.legible("cat é", fonts.default_font()) == "cat é"
    assert capsys.readouterr().err == ""
    for name in ("猫", "狗", "猫狗"):
        fonts.legible(name, fonts.default_font())
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert all(part in told for part in ("猫", r"\u732B", "fonts-noto-cjk", "PPMOBILE_FONT"))


def test_the_font_with_most_of_the_letters_wins(monkeypatch):
    letters = {"dejavu": {ord(c) for c in "abc "}, "half": {ord("猫")}, "full": {ord(c) for c in "abc 猫狗"}}
    monkeypatch.setattr(fonts, "default_font", lambda: "dejavu")
    monkeypatch.setattr(fonts, "system_fonts", lambda: ("half", "full"))
    monkeypatch.setattr(fonts, "coverage", letters.__getitem__)
    monkeypatch.delenv(fonts.FONT_VARIABLE, raising=False)
    assert fonts.font_for(["abc"]) == "dejavu"
    assert fonts.font_for(["猫", "狗 a"]) == "full"
    monkeypatch.setenv(fonts.FONT_VARIABLE, "half")
    assert fonts.font_for(["猫"]) == "half"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("e\u0301", "é"),  # composed, for fonts without combining accents
        ("a\n\tb\u3000c", "a b c"),
        ("a\u200bb\x07", "ab"),
        (7, "7"),
    ],
)
def test_plain(text, expected):
    assert fonts.plain(text) == expected


def test_a_wrong_font_of_the_user_is_named(monkeypatch, tmp_path):
    path = tmp_path / "no font é.ttf"
    path.write_bytes(b"hello")
    monkeypatch.setenv(fonts.FONT_VARIABLE, str(path))
    with pytest.raises(PPMobileError, match="PPMOBILE_FONT=.*not a readable font"):
        fonts.font_for(["猫"])


def test_damaged_system_fonts_are_passed_over(monkeypatch, tmp_path):
    path = tmp_path / "simhei.ttf"
    path.write_bytes(b"hello")
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: [str(path)])
    assert fonts.system_fonts.__wrapped__() == ()


def test_regular_fonts_come_before_bold_ones(monkeypatch):
    found = ["/f/simhei.ttf", "/f/NotoSansCJK-Bold.ttc", "/f/Arial.ttf", "/f/NotoSansCJK-Regular.ttc"]
    monkeypatch.setattr("matplotlib.font_manager.findSystemFonts", lambda: found)
    monkeypatch.setattr(fonts, "readable", lambda path: True)
    assert fonts.system_fonts.__wrapped__() == (found[3], found[1], found[0])
