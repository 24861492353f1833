"""What a config key means: read off the schema, or off the part that takes it."""

import dataclasses
import inspect
import typing

from ..config import registry_of
from ..errors import ConfigError
from ..schema import ALSO_CALLED, Config
from ..typed import bare, describe, paths, plain
from ..wording import kind_of, suggestion
from ..yaml_text import dump_flow


def explain(key, config=None):
    """Lines on a dotted key: meaning, type, default, and, with a config, its value and who set it.

    A section also lists its keys. Raises ConfigError for a key that is not in the schema, not an option of the
    config's part, or beyond the end of a list.
    """
    field, hint, rest = _find(key)
    if not rest:
        lines, default = _schema_lines(key, field, hint), None
    else:
        lines, default = _option(key, field, rest, config)
    if config:
        value = _value(config, key)
        lines.append(f"  value    {_shown(default if value is None else value)}")
        lines.append(f"  set by   {_origin(config, key)}")
    return "\n".join(lines)


def _find(key):
    """(field, type, remaining names) of a dotted key."""
    names, section = key.split("."), Config
    while True:
        fields = {f.name: f for f in dataclasses.fields(section)}
        if names[0] not in fields:
            raise _unknown(key)
        field, hint = fields[names[0]], typing.get_type_hints(section)[names[0]]
        inner, names = bare(hint), names[1:]
        if typing.get_origin(inner) is list and names:
            if not (names[0].isascii() and names[0].isdigit()):
                raise ConfigError(f"{key}: {field.name} is a list; give the position of an entry, counted from 0")
            inner = hint = typing.get_args(inner)[0]
            names = names[1:]
        if not names:
            return field, hint, names
        if not dataclasses.is_dataclass(inner):
            if "kind" not in field.metadata or len(names) > 1:
                raise _unknown(key)
            return field, hint, names
        section = inner


def _schema_lines(key, field, hint):
    """Lines on a key of the schema."""
    lines = [f"{key}: {field.metadata['meaning']}", f"  type     {describe(hint)}{_limits(field.metadata)}",
             f"  default  {_default(field)}"]
    if dataclasses.is_dataclass(bare(hint)):
        lines.append(f"  keys     {', '.join(f.name for f in dataclasses.fields(bare(hint)))}")
    if "kind" in field.metadata:
        lines.append(f"  names    {', '.join(registry_of(field.metadata['kind']).names())}")
    return lines


def _option(key, field, rest, config):
    """(lines, default) of an option of a part, such as model.backbone.scale."""
    registry = registry_of(field.metadata["kind"])
    if rest[0] == "name":
        return [f"{key}: which {registry.kind}", f"  names    {', '.join(registry.names())}"], None
    part = _value(config, key.rpartition(".")[0]) if config else None
    if not isinstance(part, dict):
        why = "the config has none" if config else "add -c FILE"
        raise ConfigError(f"{key}: what it means depends on the {registry.kind}; {why}")
    options = registry.options(part["name"])
    if rest[0] not in options:
        raise ConfigError(f"{key}: {part['name']} has no option {rest[0]!r}.{suggestion(rest[0], options)} "
                          f"Known: {', '.join(options) or 'none'}")
    default = options[rest[0]].default
    needed = default is inspect.Parameter.empty
    about = inspect.cleandoc(registry.get(part["name"]).__doc__ or "").splitlines()
    lines = [f"{key}: option of {part['name']}", *(f"  {line}".rstrip() for line in about)]
    if not needed and default is not None:
        lines.append(f"  type     {kind_of(default)}")
    lines.append(f"  default  {'none, it must be given' if needed else _shown(default)}")
    return lines, None if needed else default


def _value(config, key):
    """The value at a dotted key, None where there is none; ConfigError beyond the end of a list."""
    node = config
    for name in key.split("."):
        if isinstance(node, list):
            if int(name) >= len(node):
                raise ConfigError(f"{key}: the config's list has {len(node)} entries, counted from 0")
            node = node[int(name)]
        else:
            node = node.get(name) if isinstance(node, dict) else getattr(node, name, None)
    return node


def _shown(value):
    """A value as a config would write it in one line; a section as its keys, since each has a place of its own."""
    return "see its keys" if dataclasses.is_dataclass(value) else dump_flow(plain(value))


def _origin(config, key):
    """The file that set a key or, where it has parts of its own, all the files that set one of them."""
    found = [config.origins.get(key)] if config.origins.get(key) else []
    found += [file for k, file in config.origins.items() if k.startswith(key + ".")]
    return ", ".join(dict.fromkeys(found)) or "nobody: the default"


def _default(field):
    if field.default is not dataclasses.MISSING:
        return _shown(field.default)
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
        return "its keys' own" if dataclasses.is_dataclass(value) else _shown(value)
    return "none, it must be given"


def _limits(metadata):
    words = {"low": "at least", "high": "at most", "above": "above", "below": "below"}
    found = [f"{word} {metadata[name]}" for name, word in words.items() if name in metadata]
    if "choices" in metadata:
        found.append("one of " + ", ".join(metadata["choices"]))
    return f" ({', '.join(found)})" if found else ""


def _unknown(key):
    known = list(paths(Config))
    leaf = key.rpartition(".")[2]
    leaves = {path.rpartition(".")[2]: path for path in reversed(known)}
    hint = ALSO_CALLED.get(leaf) or (f" Did you mean {leaves[leaf]!r}?" if leaf in leaves else suggestion(key, known))
    return ConfigError(f"{key}: unknown key.{hint}")
