"""From plain YAML values to the schema's dataclasses: types, ranges and names checked on the way."""

import dataclasses
import math
import typing

from .errors import ConfigError
from .registry import kind_of, suggestion

_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def build_section(cls, tree, place, registry_of):
    """An instance of the dataclass `cls` from the dict `tree`; ConfigError with the dotted place otherwise."""
    if not isinstance(tree, dict):
        raise ConfigError(f"{place}: expected a block of keys, got {tree!r}")
    known = {f.name: f for f in dataclasses.fields(cls)}
    hints = typing.get_type_hints(cls)
    for name in tree:
        if name not in known:
            raise ConfigError(f"{_join(place, name)}: unknown key.{_hint(name, known, cls)}")
    values = {}
    for name, field in known.items():
        where = _join(place, name)
        if name in tree:
            values[name] = _value(tree[name], hints[name], field.metadata, where, registry_of)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ConfigError(f"{where}: is missing; it is {field.metadata['meaning']}")
    return cls(**values)


def _hint(name, known, cls):
    near = suggestion(name, known)
    if near:
        return near
    elsewhere = [path for path in paths(cls) if path.rpartition(".")[2] == name]
    return f" Did you mean {elsewhere[0]!r}?" if elsewhere else f" Known: {', '.join(known)}"


def paths(cls, place=""):
    """All dotted keys below the dataclass `cls`."""
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        dotted = _join(place, field.name)
        yield dotted
        if dataclasses.is_dataclass(hints[field.name]):
            yield from paths(hints[field.name], dotted)


def _value(value, kind, meta, place, registry_of):
    if typing.get_origin(kind) is typing.Union:  # Optional[X]
        if value is None:
            return None
        kind = typing.get_args(kind)[0]
    if dataclasses.is_dataclass(kind):
        return build_section(kind, value, place, registry_of)
    if typing.get_origin(kind) is list:
        if not isinstance(value, list):
            raise ConfigError(f"{place}: expected a list, got {value!r}")
        inner = typing.get_args(kind)[0]
        return [_value(v, inner, meta, f"{place}.{i}", registry_of) for i, v in enumerate(value)]
    if "kind" in meta:
        registry_of(meta["kind"]).check(value, place)
        return dict(value)
    value = _scalar(value, kind, place)
    _limits(value, meta, place)
    return value


def _scalar(value, kind, place):
    if kind is str and isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # processes: 2
    good = isinstance(value, kind) or (kind is float and isinstance(value, int))
    if not good or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f"{place}: expected {_NAMES[kind]}, got {value!r}")
    if kind is float and not math.isfinite(value):
        raise ConfigError(f"{place}: expected a finite number, got {value!r}")
    return float(value) if kind is float else value


def _limits(value, meta, place):
    if "low" in meta and value < meta["low"]:
        raise ConfigError(f"{place}: must be at least {meta['low']}, got {value!r}")
    if "above" in meta and value <= meta["above"]:
        raise ConfigError(f"{place}: must be above {meta['above']}, got {value!r}")
    if "below" in meta and value >= meta["below"]:
        raise ConfigError(f"{place}: must be below {meta['below']}, got {value!r}")
    if "choices" in meta and value not in meta["choices"]:
        near = suggestion(value, meta["choices"])
        raise ConfigError(f"{place}: must be one of {', '.join(meta['choices'])}, got {value!r}.{near}")


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
        return f"{describe(typing.get_args(kind)[0])}, or nothing"
    if typing.get_origin(kind) is list:
        return "a list, each entry " + describe(typing.get_args(kind)[0])
    return _NAMES.get(kind) or kind_of({})


def _join(place, name):
    return f"{place}.{name}" if place else str(name)
