"""What deploy.yml and golden.json say of a detector, checked key by key: predictors take all of it for granted."""

import math

from .wording import expected, show

NMS = {"score_threshold": False, "iou_threshold": False, "top_k": True, "keep": True}  # whether a whole number
LONGEST = 16384  # pixels: a longer side is no picture for a phone


def finite(value):
    """Whether a value is a number that any float64 can hold; true and false are none."""
    return type(value) is int and abs(value) < 2**63 or type(value) is float and math.isfinite(value)


def postprocess_problem(value):
    """'' or what is wrong with the `postprocess` of a detector, beginning with ":" or the dotted place below it."""
    if not isinstance(value, dict):
        return f": {expected(dict, value)}"
    raw, options = value.get("raw"), value.get("nms")
    if not isinstance(raw, dict) or not isinstance(raw.get("kind"), str):
        return f".raw: expected a block of keys with kind, got {show(raw)}"
    if problem := _raw_problem(raw):
        return f".raw{problem}"
    if not isinstance(options, dict) or set(options) != set(NMS):
        return f".nms: expected {', '.join(NMS)}, got {show(options)}"
    for name, whole in NMS.items():
        if not (_count(options[name]) if whole else _share(options[name])):
            wanted = "a whole number of at least 1, or -1 for all" if whole else "0 to 1"
            return f".nms.{name}: expected {wanted}, got {show(options[name])}"
    draw = value.get("draw_threshold")
    return "" if _share(draw) else f".draw_threshold: expected 0 to 1, got {show(draw)}"


def rows_problem(output):
    """'' or what is wrong with the boxes of a golden sample."""
    wrong = [row for row in output if not (isinstance(row, list) and len(row) == 6 and all(map(finite, row)))]
    return f"output: expected rows of six finite numbers, got {show(wrong[0])}" if wrong else ""


def sample_problem(value):
    """'' or what is wrong with samples of an array in a golden sample (export/golden.py)."""
    if not isinstance(value, dict):
        return expected(dict, value)
    shape, at, values = (value.get(name) for name in ("shape", "at", "values"))
    if not (_list_of(shape, lambda size: type(size) is int and size > 0) and math.prod(shape) < 2**63):
        return f"shape: expected a list of whole numbers, got {show(shape)}"
    if not _list_of(at, lambda place: type(place) is int and 0 <= place < math.prod(shape)):
        return f"at: expected places in an array of {show(shape)}, got {show(at)}"
    if not _list_of(values, finite) or len(values) != len(at):
        return f"values: expected {len(at)} finite numbers, got {show(values)}"
    return "" if finite(value.get("mean")) else f"mean: expected a finite number, got {show(value.get('mean'))}"


def _raw_problem(raw):
    """'' or what is wrong with what a head's raw() said."""
    keys = KINDS.get(raw["kind"])
    if keys is None:
        return f".kind: expected {', '.join(KINDS)}, got {show(raw['kind'])}"
    if set(raw) != {"kind", *keys}:
        return f": expected {', '.join(['kind', *keys])}, got {show(raw)}"
    for name, (wanted, test) in keys.items():
        if not test(raw[name]):
            return f".{name}: expected {wanted}, got {show(raw[name])}"
    levels = {name: len(raw[name]) for name in keys if name in BY_LEVEL}
    return f": {show(levels)} must be as many of each" if len(set(levels.values())) > 1 else ""


def _list_of(value, test):
    return isinstance(value, list) and len(value) > 0 and all(map(test, value))


def _count(value):
    return type(value) is int and (value == -1 or value >= 1)


def _share(value):
    return finite(value) and 0 <= value <= 1


def _positive(value):
    return finite(value) and value > 0


def _side_lists(value):
    """Whether it is, for each map, a list of pairs of positive numbers."""
    def pair(sides):
        return _list_of(sides, _positive) and len(sides) == 2

    return _list_of(value, lambda level: _list_of(level, pair))


BY_LEVEL = ("strides", "anchors", "steps", "shapes")  # lists with an entry for each of the head's maps
_STRIDES = ("a list of whole numbers of pixels", lambda value: _list_of(
    value, lambda stride: type(stride) is int and 1 <= stride <= LONGEST))
_SIDES = ("for each map a list of [width, height]", _side_lists)
KINDS = {  # {kind of raw outputs: {key: (what is expected, whether a value is that)}}, as the heads' raw() write them
    "yolo": {"strides": _STRIDES, "anchors": _SIDES, "scale_xy": ("a number above 0", _positive)},
    "ssd": {"std": ("four numbers above 0", lambda value: _list_of(value, _positive) and len(value) == 4),
            "strides": _STRIDES, "steps": ("a list of numbers from 0", lambda value: _list_of(
                value, lambda step: finite(step) and step >= 0)), "shapes": _SIDES,
            "clip": ("true or false", lambda value: isinstance(value, bool))},
    "gfl": {"strides": _STRIDES},
    "rcnn": {},
}
