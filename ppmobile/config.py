"""YAML with base files and overrides, checked against the schema: a config is right, or one line says what is wrong."""

import dataclasses
import importlib
import re
from pathlib import Path

import yaml

from .errors import ConfigError
from .registry import suggestion
from .schema import DEFAULT_PARTS, Config
from .typed import build_section, plain


class _Loader(yaml.SafeLoader):
    """SafeLoader that reads 1e-4 as a float and refuses a key given twice."""

    def construct_mapping(self, node, deep=False):
        seen = set()
        for key_node, _ in node.value:
            name = self.construct_object(key_node, deep=True)
            if isinstance(name, str) and name in seen:
                raise yaml.MarkedYAMLError(problem=f"the key {name!r} stands there twice",
                                           problem_mark=key_node.start_mark)
            if isinstance(name, str):
                seen.add(name)
        return super().construct_mapping(node, deep)


_BOOL = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != _BOOL]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()}
# only these: `off`, `on`, `yes` and `no` are words here, as in train.amp: off
_Loader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)[eE][-+]?[0-9]+$"), list("-+0123456789."))


def parse_yaml(text, name):
    """The plain value of a YAML text; ConfigError names `name` and the line."""
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ConfigError(f"{name}{line}: not valid YAML: {problem}") from error


def load(source, overrides=()):
    """A checked Config from a file or a dict, with `a.b=c` overrides on top.

    The Config carries `.origins` {dotted key: file that set it} and `.file`. Raises ConfigError.
    """
    origins = {}
    if isinstance(source, dict):
        tree, name = merge({}, source, origins, "the given dict"), "given"
    else:
        tree, name = read_tree(Path(source), origins), Path(source).stem
    for text in overrides:
        merge_override(tree, text, origins)
    return from_tree(tree, origins, name)


def from_tree(tree, origins, name):
    """A checked Config from a merged tree."""
    _fill_parts(tree)
    try:
        config = build_section(Config, tree, "", registry_of)
    except ConfigError as error:
        place = str(error).split(":")[0]
        raise ConfigError(f"{error}{_where(place, origins)}") from error.__cause__
    config.origins, config.file = origins, name
    config.output = config.output.replace("{name}", name)
    return config


def _fill_parts(tree):
    """Name the task's usual head and metric where the config names none."""
    defaults = DEFAULT_PARTS.get(tree.get("task"), {}) if isinstance(tree.get("task"), str) else {}
    for section, kind in (("model", "head"), ("eval", "metric")):
        block = tree.setdefault(section, {}) if section == "eval" else tree.get(section)
        if kind in defaults and isinstance(block, dict) and isinstance(block.get(kind) or {}, dict):
            block[kind] = {"name": defaults[kind], **(block.get(kind) or {})}


def registry_of(kind):
    """The Registry of a kind of part; imported on demand, since some of them need paddle."""
    homes = {"backbone": ("models", "BACKBONES"), "neck": ("models", "NECKS"), "head": ("models", "HEADS"),
             "reader": ("data", "READERS"), "transform": ("transforms", "TRANSFORMS"),
             "batch transform": ("transforms", "BATCH_TRANSFORMS"), "metric": ("metrics", "METRICS"),
             "optimizer": ("engine.optim", "OPTIMIZERS"), "schedule": ("engine.schedule", "SCHEDULES")}
    module, name = homes[kind]
    return getattr(importlib.import_module(f"ppmobile.{module}"), name)


def read_tree(path, origins, chain=()):
    """The merged tree of a file and its `_BASE_` files."""
    if path.resolve() in chain:
        names = " -> ".join(p.name for p in (*chain, path))
        raise ConfigError(f"_BASE_: {path}: the base files form a circle: {names}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        near = suggestion(path.name, [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else [])
        reason = "no such file" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or error
        needed = f" (_BASE_ of {chain[-1]})" if chain else ""
        raise ConfigError(f"{path}: cannot read the config: {reason}.{near}{needed}") from error
    tree = parse_yaml(text, str(path))
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: a config is a block of keys, this file holds {tree!r}")
    bases = tree.pop("_BASE_", [])
    bases = [bases] if isinstance(bases, str) else bases
    if not isinstance(bases, list) or not all(isinstance(b, str) for b in bases):
        raise ConfigError(f"_BASE_: expected a file or a list of files, got {bases!r} ({path})")
    merged = {}
    for base in bases:
        inner = {}
        merged = merge(merged, read_tree(path.parent / base, inner, (*chain, path.resolve())), origins, None, inner)
    return merge(merged, tree, origins, str(path))


def merge(base, child, origins, file, inner=None, place=""):
    """`child` over `base`. A part with another `name` starts afresh; `origins` learns who set what."""
    out = dict(base)
    for name, value in child.items():
        dotted = f"{place}.{name}" if place else str(name)
        old = out.get(name)
        if isinstance(value, dict) and isinstance(old, dict) and not _renamed(old, value):
            out[name] = merge(old, value, origins, file, inner, dotted)
            continue
        for gone in [k for k in origins if k.startswith(dotted + ".")]:
            del origins[gone]
        out[name] = value
        _note(value, dotted, origins, file, inner)
    return out


def _note(value, dotted, origins, file, inner):
    origins[dotted] = inner.get(dotted, "") if inner is not None else file
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        _note(item, f"{dotted}.{name}", origins, file, inner)


def _renamed(old, new):
    return "name" in new and "name" in old and new["name"] != old["name"]


def merge_override(tree, text, origins):
    """Apply one `a.b.0.c=value` in place; the value is read as YAML."""
    place, equals, value = text.partition("=")
    keys = place.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(f"-o {text}: expected a.b=value, for example -o train.epochs=3")
    value = parse_yaml(value, f"-o {text}")
    node = tree
    for i, name in enumerate(keys[:-1]):
        if isinstance(node, list):
            node = node[_position(node, name, ".".join(keys[:i + 1]))]
        elif isinstance(node, dict):
            node = node.setdefault(name, {}) if node.get(name) is None else node[name]
        if not isinstance(node, (dict, list)):
            raise ConfigError(f"{'.'.join(keys[:i + 1])}: has no keys inside, it is {node!r} (-o {text})")
    if isinstance(node, list):
        node[_position(node, keys[-1], place)] = value
        _note(value, place, origins, "-o", None)
        return
    part = ".".join(keys[:-1])
    if keys[-1] == "name" and node.get("name") not in (None, value):
        # options from files belong to the part that is replaced; those from -o were meant for the new one
        for option in [k for k in node if k != "name" and origins.get(f"{part}.{k}") != "-o"]:
            del node[option]
    node.update(merge(node, {keys[-1]: value}, origins, "-o", None, part))


def _position(items, text, place):
    if not text.isdigit() or int(text) >= len(items):
        raise ConfigError(f"{place}: the list has {len(items)} entries, give 0 to {len(items) - 1} (-o)")
    return int(text)


def _where(place, origins):
    """' (FILE)' of the key at `place`, or of the nearest key above it."""
    while place:
        if origins.get(place):
            return f" ({origins[place]})"
        inside = {origins[k] for k in origins if k.startswith(place + ".")}
        if inside:
            return f" ({sorted(inside)[0]})"
        place = place.rpartition(".")[0]
    return ""


def dump(config):
    """The resolved config as YAML text."""
    return yaml.safe_dump(plain(config), sort_keys=False, allow_unicode=True, default_flow_style=None, width=120)


def to_dict(config):
    """The resolved config as plain values."""
    return plain(config)


def sections():
    """{section name: dataclass} of the schema."""
    return {f.name: f.type for f in dataclasses.fields(Config) if dataclasses.is_dataclass(f.type)}
