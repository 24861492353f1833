"""YAML without its traps: `off` is a word, 1e-4 a number, 16:9 a text, a key given twice an error, and no objects."""

import math
import os
import re

import yaml

from .errors import ConfigError
from .wording import show

MOST_VALUES = 100_000  # a few lines of nested aliases can stand for billions of values
DEEPEST = 50
_TAG = "tag:yaml.org,2002:"
# YAML 1.1 also reads yes/no/on/off as bool, 010 as octal, 16:9 as base 60 and 2024-01-01 as a date; here they are texts
_SCALARS = [
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)", "-+0123456789"),
    ("float", r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9]+)|[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)[eE][-+]?[0-9]+"
              r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)", "-+0123456789."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
]


class _Loader(yaml.SafeLoader):
    """SafeLoader with the scalars above, that refuses a key given twice."""

    yaml_implicit_resolvers = {}

    def compose_mapping_node(self, anchor):
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if key.value in seen and isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem=f"the key {key.value!r} stands there twice",
                                           problem_mark=key.start_mark)
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
        return node


class _Dumper(yaml.SafeDumper):
    """SafeDumper that quotes what either reader could take for something else, and repeats instead of pointing."""

    yaml_implicit_resolvers = {first: list(rules) for first, rules in yaml.SafeDumper.yaml_implicit_resolvers.items()}

    def ignore_aliases(self, data):
        return True


def _text(dumper, value):
    # in any other style PyYAML writes these line breaks as they are, and then reads a blank
    style = '"' if set(value) & set("\x85\u2028\u2029") else None
    return dumper.represent_scalar(_TAG + "str", value, style=style)


_Dumper.add_representer(str, _text)
for _name, _pattern, _first in _SCALARS:
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(_TAG + _name, re.compile(f"^(?:{_pattern})$"), list(_first))


def parse_yaml(text, name):
    """The plain value of a YAML text; ConfigError names `name` and the line."""
    try:
        value = yaml.load(text, Loader=_Loader)
    except Exception as error:  # an explicit tag on a wrong value makes PyYAML's constructors raise almost anything
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or _problem(error)
        raise ConfigError(f"{name}{line}: not valid YAML: {problem}") from error
    return copy_plain(value, name)


def _problem(error):
    if isinstance(error, yaml.YAMLError):
        return str(error).splitlines()[0]
    return "nested too deep" if isinstance(error, RecursionError) else "a value does not fit its !! tag"


def copy_plain(value, name):
    """A deep copy of plain values that shares nothing, not even with itself; tuples become lists, paths texts.

    ConfigError, with `name` for its place, on any other type, on a value that contains itself, and on one that
    is too large or too deep to be a config.
    """
    return _copy(value, name, [MOST_VALUES], DEEPEST)


def _copy(value, name, left, depth):
    left[0] -= 1
    if depth < 0 or left[0] < 0:
        raise ConfigError(f"{name}: nested too deep or repeated too often to be a config; write it without aliases")
    if isinstance(value, dict):
        return {_key(k, name): _copy(v, name, left, depth - 1) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(v, name, left, depth - 1) for v in value]
    if hasattr(value, "item") and not getattr(value, "shape", True):  # a NumPy scalar
        value = value.item()
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise ConfigError(f"{name}: a config holds texts, numbers, true, false, null, lists and blocks, not a "
                      f"{type(value).__name__}")


def _key(key, name):
    if not isinstance(key, str):
        raise ConfigError(f"{name}: {show(key)} stands where a key belongs, but keys are words")
    return key


def dump_yaml(value):
    """Plain values as YAML text that `parse_yaml` reads back to the same values."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)


def dump_flow(value):
    """A plain value as YAML in one line: [1, 2], {name: PPLCNet}, null."""
    text = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=True,
                     width=math.inf)
    return text.removesuffix("...\n").rstrip("\n")  # a bare scalar gets an end marker
