"""From plain YAML values to the schema's dataclasses: types, ranges and names checked on the way."""

import dataclasses
import typing

from .errors import ConfigError
from .registry import fits
from .schema import ALSO_CALLED
from .wording import NOTHING, expected, name_of, nearest, show, suggestion


class Checker:
    """Builds dataclasses from plain values.

    check_part: called as (kind, value, place) for each part {name: ..., options}; raises ConfigError.
    elsewhere: dotted keys of the whole config, which a key in the wrong place may have meant.
    """

    def __init__(self, check_part, elsewhere=()):
        self.check_part, self.elsewhere = check_part, list(elsewhere)

    def section(self, cls, tree, place=""):
        """An instance of the dataclass `cls` from the dict `tree`; ConfigError with the dotted place otherwise."""
        if not isinstance(tree, dict):
            raise ConfigError(f"{place}: {expected(dict, tree)}")
        known = {f.name: f for f in dataclasses.fields(cls)}
        hints = typing.get_type_hints(cls)
        for name in tree:
            if name not in known:
                raise ConfigError(f"{_join(place, name)}: unknown key.{self._hint(name, known)}")
        values = {}
        for name, field in known.items():
            where = _join(place, name)
            if name in tree:
                values[name] = self._value(tree[name], hints[name], field.metadata, where)
            elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
                raise ConfigError(f"{where}: is missing; write for example `{name}: {field.metadata['example']}`")
        return cls(**values)

    def _hint(self, name, known):
        if name in ALSO_CALLED:
            return ALSO_CALLED[name]
        if name in self.elsewhere and "." in name:
            nested = name.replace(".", ": {") + ": ..." + "}" * name.count(".")
            return f" Dots are for -o; in a file write {nested}"
        leaves = {path.rpartition(".")[2]: path for path in reversed(self.elsewhere)}
        if name in leaves:
            close = nearest(name, known, 0.8)
            return f" Did you mean {f'{close!r} or ' if close else ''}{leaves[name]!r}?"
        here, there = nearest(name, known, 0.6), nearest(name, leaves, 0.75)
        if there and not here:
            return f" Did you mean {leaves[there]!r}?"
        return suggestion(name, known) or f" Known: {', '.join(known)}"

    def _value(self, value, kind, meta, place):
        if typing.get_origin(kind) is typing.Union:  # Optional[X]
            if value is None:
                return None
            kind = typing.get_args(kind)[0]
            if isinstance(value, str) and value in NOTHING:
                raise ConfigError(f"{place}: got the text {value!r}; for nothing write null")
        if dataclasses.is_dataclass(kind):
            return self.section(kind, value, place)
        if typing.get_origin(kind) is list:
            if not isinstance(value, list):
                raise ConfigError(f"{place}: {expected(list, value)}")
            inner = typing.get_args(kind)[0]
            return [self._value(v, inner, meta, f"{place}.{i}") for i, v in enumerate(value)]
        if "kind" in meta:
            self.check_part(meta["kind"], value, place)
            return value
        value = _scalar(value, kind, meta, place)
        _limits(value, meta, place)
        return value


def paths(cls, place=""):
    """All dotted keys below the dataclass `cls`; the keys of a list's entries stand under its entry 0."""
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        dotted = _join(place, field.name)
        yield dotted
        kind = bare(hints[field.name])
        if typing.get_origin(kind) is list:
            kind, dotted = typing.get_args(kind)[0], f"{dotted}.0"
        if dataclasses.is_dataclass(kind):
            yield from paths(kind, dotted)


def bare(kind):
    """X of Optional[X]; any other type as it is."""
    return typing.get_args(kind)[0] if typing.get_origin(kind) is typing.Union else kind


def _scalar(value, kind, meta, place):
    if meta.get("count") and fits(value, int):
        return str(value)  # processes: 2
    if not fits(value, kind) and "choices" not in meta:
        raise ConfigError(f"{place}: {expected(kind, value)}")
    if value == "":
        raise ConfigError(f"{place}: is an empty text")
    return float(value) if kind is float else value


def _limits(value, meta, place):
    if "low" in meta and value < meta["low"]:
        raise ConfigError(f"{place}: must be at least {meta['low']}, got {show(value)}")
    if "high" in meta and value > meta["high"]:
        raise ConfigError(f"{place}: must be at most {meta['high']}, got {show(value)}")
    if "above" in meta and value <= meta["above"]:
        raise ConfigError(f"{place}: must be above {meta['above']}, got {show(value)}")
    if "below" in meta and value >= meta["below"]:
        raise ConfigError(f"{place}: must be below {meta['below']}, got {show(value)}")
    if "choices" in meta and value not in meta["choices"]:
        near = suggestion(value, meta["choices"])
        allowed = ("one of " if len(meta["choices"]) > 1 else "") + ", ".join(meta["choices"])
        raise ConfigError(f"{place}: must be {allowed}, got {show(value)}{'.' if near else ''}{near}")


def plain(value):
    """Dataclasses as dicts, all the way down."""
    if dataclasses.is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def describe(kind):
    """The words for a key's type."""
    if typing.get_origin(kind) is typing.Union:
        return f"{describe(bare(kind))}, or nothing"
    if typing.get_origin(kind) is list:
        return "a list, each entry " + describe(typing.get_args(kind)[0])
    return name_of(kind if kind in (bool, int, float, str) else dict)


def _join(place, name):
    return f"{place}.{name}" if place else str(name)
