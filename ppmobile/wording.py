"""How messages name values, types and near names, and what they advise to write instead, alike wherever they arise."""

import difflib
import math
import re
import unicodedata

_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", dict: "a block of keys"}
_YES, _NO = ("yes", "on", "y", "true", "1"), ("no", "off", "n", "false", "0")
# lines of Paddle's errors that stand below the reason: what it expected inside, which operator, when
_BELOW = re.compile(r"\[(?:Hint:|operator <|TimeInfo:|SignalInfo:)")
NOTHING = ("None", "none")  # what Python users write for YAML's null


def suggestion(word, known, cutoff=0.5):
    """' Did you mean 'x'?' for the nearest of `known`, or ''. cutoff: least similarity, 0 to 1."""
    near = nearest(word, known, cutoff)
    return f" Did you mean {near!r}?" if near else ""


def nearest(word, known, cutoff=0.5):
    """The member of `known` that looks most like `word`, or None. Swapped letters and other case count as near."""
    lower = {str(k).lower(): k for k in known}
    word = str(word)
    swapped = [k for low, k in lower.items() if sorted(low) == sorted(word.lower())]
    if swapped:
        return max(swapped, key=lambda k: difflib.SequenceMatcher(None, word.lower(), str(k).lower()).ratio())
    near = difflib.get_close_matches(word, [str(k) for k in known], n=1, cutoff=cutoff)
    near = near or [lower[k] for k in difflib.get_close_matches(word.lower(), lower, n=1, cutoff=cutoff)]
    return near[0] if near else None


def show(value, limit=80):
    """`value` as a message prints it: one line of at most `limit` characters, None as nothing, True as true."""
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # Python does not print integers of thousands of digits
        return "a value too large to print"
    return text if len(text) <= limit else text[:limit - 4] + " ..."


def brief(text, limit=80):
    """What a user typed, without quotes, in one line of at most `limit` characters."""
    text = " ".join(str(text).split())
    return text if len(text) <= limit else text[:limit - 4] + " ..."


def reason(error, limit=200):
    """Why a library gave up, in one line of at most `limit` characters: an exception's, or of what a process printed.

    That is the last line with an error's name ("InvalidArgumentError: ..."), else the last that says anything; Paddle
    writes hints below it. The type of an exception that says nothing, '' for an empty text.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not _BELOW.match(line)] or lines
    if not lines:
        return "" if isinstance(error, str) else type(error).__name__
    return brief(next((line for line in reversed(lines) if "Error:" in line), lines[-1]), limit)


def display_width(text):
    """Columns that `text` takes on a terminal: two for East Asian wide letters (UAX #11), none for combining marks."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def padded(text, width):
    """`text` with blanks behind it up to `width` columns of a terminal."""
    return text + " " * (width - display_width(text))


def a(noun):
    """The noun with its article."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def kind_of(value):
    """What a message calls the type of `value`."""
    return name_of(type(value))


def name_of(kind):
    """What a message calls the type `kind`; anything but a scalar or a dict is a list."""
    return _KINDS.get(kind, "a list")


def expected(kind, value):
    """'expected a number, got 'x'; ADVICE' for a value that is not of the type `kind`."""
    name = "a finite number" if kind is float and isinstance(value, float) else name_of(kind)
    return f"expected {name}, got {show(value)}{advice(kind, value)}"


def advice(kind, value):
    """'; write ...' where it is plain what a value of the wrong type was meant to be, else ''."""
    if isinstance(value, str) and value in NOTHING:
        return "; for nothing write null"
    if kind is bool and str(value).lower() in _YES + _NO:
        return f"; write {'true' if str(value).lower() in _YES else 'false'}"
    if kind in (int, float) and isinstance(value, str):
        return _number_advice(value)
    if kind is int and isinstance(value, float) and value.is_integer():
        return f"; write {value:.0f}"
    if kind is str and isinstance(value, (bool, int, float)):
        return f"; in quotes it is a text: \"{show(value)}\""
    if kind is list and isinstance(value, (str, int, float)):
        return f"; write [{show(value)}]"
    return ""


def _number_advice(text):
    try:
        finite = math.isfinite(float(text.replace(",", ".")))
    except ValueError:
        finite = False
    if not finite:
        return ""
    return f"; write {text.replace(',', '.')}" if "," in text else "; remove the quotes"
