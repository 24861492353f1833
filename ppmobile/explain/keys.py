"""What a config key means: read off the schema, or off the part that takes it."""

import dataclasses
import inspect
import typing

from ..config import registry_of
from ..errors import ConfigError
from ..registry import kind_of, suggestion
from ..schema import Config
from ..typed import describe, paths


def explain(key, config=None):
    """Lines on a dotted key: meaning, type, default, and, with a config, its value and who set it.

    Raises ConfigError for a key that is not in the schema or not an option of the config's part.
    """
    field, hint, rest = _find(key.split("."))
    value = _value(config, key) if config else None
    if rest and "kind" in field.metadata:
        lines = _option(key, field, rest, config)
    elif rest:
        raise _unknown(key)
    else:
        lines = [f"{key}: {field.metadata['meaning']}", f"  type     {describe(hint)}{_limits(field.metadata)}",
                 f"  default  {_default(field)}"]
        if "kind" in field.metadata:
            lines.append(f"  names    {', '.join(registry_of(field.metadata['kind']).names())}")
    if config:
        lines.append(f"  value    {value!r}")
        lines.append(f"  set by   {_origin(config, key)}")
    return "\n".join(lines)


def _find(names):
    """(field, type, remaining names) of a dotted key."""
    section, field, hint = Config, None, None
    while names:
        fields = {f.name: f for f in dataclasses.fields(section)}
        if names[0] not in fields:
            raise _unknown(".".join(names))
        field, hint = fields[names[0]], typing.get_type_hints(section)[names[0]]
        names = names[1:]
        inner = typing.get_args(hint)[0] if typing.get_origin(hint) is typing.Union else hint
        if typing.get_origin(inner) is list and names:
            names = names[1:] if names[0].isdigit() else names
            inner = typing.get_args(inner)[0]
        if not dataclasses.is_dataclass(inner):
            return field, hint, names
        section = inner
    return field, hint, names


def _option(key, field, rest, config):
    """Lines on an option of a part, such as model.backbone.scale."""
    registry = registry_of(field.metadata["kind"])
    part = _value(config, key.rpartition(".")[0]) if config else None
    if not isinstance(part, dict) or "name" not in part:
        raise ConfigError(f"{key}: what it means depends on the part; add -c FILE")
    if rest[0] == "name":
        return [f"{key}: which {registry.kind}", f"  names    {', '.join(registry.names())}"]
    options = registry.options(part["name"])
    if rest[0] not in options:
        raise ConfigError(f"{key}: {part['name']} has no option {rest[0]!r}.{suggestion(rest[0], options)} "
                          f"Known: {', '.join(options)}")
    default = options[rest[0]].default
    about = inspect.cleandoc(registry.get(part["name"]).__doc__ or "").split("\n\n")
    kind = "set by the user" if default is inspect.Parameter.empty else kind_of(default)
    return [f"{key}: option of {part['name']}", *(f"  {line}" for text in about for line in text.splitlines()),
            f"  type     {kind}",
            f"  default  {'none, it must be given' if default is inspect.Parameter.empty else repr(default)}"]


def _value(config, key):
    node = config
    for name in key.split("."):
        if isinstance(node, list):
            node = node[int(name)] if name.isdigit() and int(name) < len(node) else None
        else:
            node = node.get(name) if isinstance(node, dict) else getattr(node, name, None)
    return node


def _origin(config, key):
    names = key.split(".")
    for i in range(len(names), 0, -1):
        found = config.origins.get(".".join(names[:i]))
        if found and (i == len(names) or not any(k.startswith(".".join(names[:i]) + ".") for k in config.origins)):
            return found
    return "nobody: the default"


def _default(field):
    if field.default is not dataclasses.MISSING:
        return repr(field.default)
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
        return "its own defaults" if dataclasses.is_dataclass(value) else repr(value)
    return "none, it must be given"


def _limits(metadata):
    words = {"low": "at least", "above": "above", "below": "below"}
    found = [f"{word} {metadata[name]}" for name, word in words.items() if name in metadata]
    if "choices" in metadata:
        found.append("one of " + ", ".join(metadata["choices"]))
    return f" ({', '.join(found)})" if found else ""


def _unknown(key):
    return ConfigError(f"{key}: unknown key.{suggestion(key, list(paths(Config)))}")
