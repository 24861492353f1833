"""Fonts for class names in any script: a font that has the letters, or the letters written as codes."""

import functools
import os
import sys
import unicodedata
from pathlib import Path

from ..errors import PPMobileError

FONT_VARIABLE = "PPMOBILE_FONT"

# File names (lower case, how they begin) of common fonts with Chinese, Japanese or Korean letters; best first.
WIDE_FONTS = (
    "notosanscjk", "notosanssc", "sourcehansans", "wqy-microhei", "wqy-zenhei", "droidsansfallback",  # Linux
    "pingfang", "hiragino sans gb", "stheiti", "arial unicode", "applesdgothicneo",  # macOS
    "msyh", "simhei", "deng", "simsun", "msjh", "meiryo", "malgun",  # Windows
    "ipagp", "ipag", "vlgothic", "nanumgothic", "unifont",
)  # fmt: skip

WARNED = []  # the first letter that no font had


def legible(text, path):
    r"""`text` in one line, with each letter that the font file `path` lacks written as \uXXXX, and a warning."""
    text, letters = plain(text), coverage(path)
    missing = [c for c in text if ord(c) not in letters]
    if missing:
        warn_once(missing[0])
    return "".join(c if ord(c) in letters else code_of(c) for c in text)


def warn_once(letter):
    """Say on stderr, once in a process, that no font has this letter (and perhaps others), and what helps."""
    if not WARNED:
        WARNED.append(letter)
        print(f"ppmobile: warning: no font has the letter {letter}, pictures show it as {code_of(letter)}; "
              f"install fonts-noto-cjk or set {FONT_VARIABLE} to a font file", file=sys.stderr, flush=True)


def plain(text):
    """`text` with composed accents and single blanks, without control characters."""
    text = unicodedata.normalize("NFC", str(text))
    visible = (" " if c.isspace() else c for c in text if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf"))
    return " ".join("".join(visible).split())


def code_of(letter):
    r"""The letter as \uXXXX, or \UXXXXXXXX beyond the first 65536."""
    return f"\\u{ord(letter):04X}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08X}"


def font_for(texts):
    """Path of the first font that has all letters of `texts` (a list), or of the one that lacks the fewest.

    Tried in this order: DejaVu Sans (it comes with matplotlib), the file named in the environment variable
    PPMOBILE_FONT, then the fonts of the system that are known to have Chinese, Japanese or Korean letters.
    """
    needed = frozenset(ord(c) for text in texts for c in plain(text))
    if not needed - coverage(default_font()):
        return default_font()
    return min(candidates(), key=lambda path: len(needed - coverage(path)))


def candidates():
    """Paths of all fonts that are tried, in order."""
    return [default_font(), *chosen_font(os.environ.get(FONT_VARIABLE, "")), *system_fonts()]


def has_chinese():
    """Whether any of the fonts can write Chinese class names."""
    return not {ord(c) for c in "猫狗类"} - coverage(font_for(["猫狗类"]))


@functools.cache
def default_font():
    """Path of DejaVu Sans, which matplotlib brings along."""
    import matplotlib

    return str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")


def chosen_font(path):
    """[path] of the user's own font, or [] if none is named; PPMobileError if it cannot be read."""
    if path:
        try:
            coverage(path)
        except (OSError, RuntimeError) as error:
            raise PPMobileError(f"{FONT_VARIABLE}={path}: not a readable font; name a .ttf or .otf file") from error
    return [path] if path else []


@functools.cache
def system_fonts():
    """Paths of the installed WIDE_FONTS, best first (not the bold and light variants of the same)."""
    from matplotlib.font_manager import findSystemFonts

    found = []
    for path in findSystemFonts():
        name = Path(path).name.lower()
        place = next((i for i, start in enumerate(WIDE_FONTS) if name.startswith(start)), None)
        if place is not None and readable(path):
            variant = any(word in name for word in ("bold", "light", "thin", "black", "bd", "medium"))
            found.append((place, variant, path))
    return tuple(path for _, _, path in sorted(found))


def readable(path):
    """Whether FreeType opens the font; a damaged one among the system's is only passed over."""
    try:
        return bool(coverage(path))
    except (OSError, RuntimeError):
        return False


@functools.lru_cache(maxsize=32)
def coverage(path):
    """The code points that the font file has a glyph for."""
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(path).get_charmap())
