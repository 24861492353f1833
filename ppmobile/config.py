"""YAML with base files and overrides, checked against the schema: a config is right, or one line says what is wrong."""

import importlib
import os
from pathlib import Path

from .errors import ConfigError
from .schema import DEFAULT_PARTS, Config, Train
from .typed import Checker, paths, plain
from .wording import brief, nearest, show, suggestion
from .yaml_text import copy_plain, dump_yaml, parse_yaml

# parts that are made without data or a net: building one shows whether its class refuses a value
LIGHT = ("transform", "batch transform", "optimizer", "schedule", "slim step")


def load(source, overrides=()):
    """A checked Config from a file or a dict, with `a.b=c` overrides on top.

    The Config carries `.origins` {dotted key: file that set it} and `.file`. Raises ConfigError.
    """
    origins = {}
    if isinstance(source, dict):
        name, file = "given", "the given dict"
        tree = merge({}, copy_plain(source, file), origins, file)
    elif isinstance(source, (str, os.PathLike)):
        path = Path(source)
        tree, name, file = read_tree(path, origins), path.stem, str(path)
    else:
        raise ConfigError(f"a config is a file or a dict, not {show(source)}")
    for text in [overrides] if isinstance(overrides, str) else overrides:
        merge_override(tree, text, origins)
    return from_tree(tree, origins, name, file)


def from_tree(tree, origins, name, file=""):
    """A checked Config from a merged tree. name: replaces {name} in `output`; file: where a missing key is missing."""
    tree = copy_plain(tree, file or "config")
    _fill_parts(tree)
    try:
        config = Checker(check_part, [*paths(Config), *_part_options(tree)]).section(Config, tree)
        _check_trainings(config)
    except ConfigError as error:
        raise located(error, origins, file) from error.__cause__
    config.origins, config.file = origins, file
    config.output = config.output.replace("{name}", str(name))
    return config


def located(error, origins, file=""):
    """The ConfigError with the file that set its dotted place, or else `file`, at its end.

    The place is `error.place` if there is one, or else what the message says before its first colon.
    """
    place = getattr(error, "place", None) or str(error).split(": ")[0]
    return ConfigError(f"{brief(error, 1000)}{_where(place, origins) or (f' ({file})' if file else '')}")


def check_part(kind, part, place):
    """ConfigError unless `part` is a {name, options} that a part of its kind accepts."""
    registry = registry_of(kind)
    registry.check(part, place)
    if kind in LIGHT:
        registry.build(part, place)


def _fill_parts(tree):
    """Name the usual part where the config gives options only: the task's head and metric, the default optimizer."""
    task = tree.get("task")
    usual = DEFAULT_PARTS.get(task, {}) if isinstance(task, str) else {}
    tree.setdefault("eval", {})
    for section, key in (("model", "head"), ("eval", "metric")):
        block = tree.get(section)
        if key in usual and isinstance(block, dict) and isinstance(block.get(key) or {}, dict):
            block[key] = {"name": usual[key], **(block.get(key) or {})}
    for key in ("optimizer", "schedule"):
        block = tree.get("train")
        if isinstance(block, dict) and isinstance(block.get(key), dict):
            block[key] = {**getattr(Train(), key), **block[key]}


def _check_trainings(config):
    """ConfigError for a slim step whose keys of section `train`, on top of the config's, are not right."""
    for place, part in enumerate(config.slim.steps if config.slim else ()):
        if "train" in part:
            together = merge(plain(config.train), part["train"], {}, "")
            Checker(check_part, paths(Train)).section(Train, together, f"slim.steps.{place}.train")


def _part_options(tree):
    """Dotted keys of the parts' options in a merged tree, such as model.backbone.scale."""
    return [f"{section}.{key}.{option}" for section, block in tree.items() if isinstance(block, dict)
            for key, part in block.items() if isinstance(part, dict) for option in part if option != "name"]


def registry_of(kind):
    """The Registry of a kind of part; imported on demand, since some of them need paddle."""
    homes = {"backbone": ("models", "BACKBONES"), "neck": ("models", "NECKS"), "head": ("models", "HEADS"),
             "reader": ("data", "READERS"), "transform": ("transforms", "TRANSFORMS"),
             "batch transform": ("transforms", "BATCH_TRANSFORMS"), "metric": ("metrics", "METRICS"),
             "optimizer": ("engine.optim", "OPTIMIZERS"), "schedule": ("engine.schedule", "SCHEDULES"),
             "slim step": ("slim.steps", "STEPS")}
    module, name = homes[kind]
    return getattr(importlib.import_module(f"ppmobile.{module}"), name)


def read_tree(path, origins, chain=()):
    """The merged tree of a file and its `_BASE_` files."""
    if any(_same(path, seen) for seen in chain):
        names = " -> ".join(p.name for p in (*chain, path))
        raise ConfigError(f"_BASE_: the base files form a circle: {names} ({chain[-1]})")
    tree = parse_yaml(_read(path, chain), str(path))
    if not isinstance(tree, dict):
        raise ConfigError(f"{path}: a config is a block of keys, this file holds {show(tree)}")
    bases = tree.pop("_BASE_", [])
    bases = [bases] if isinstance(bases, str) else bases
    if not isinstance(bases, list) or not all(isinstance(b, str) and b for b in bases):
        raise ConfigError(f"_BASE_: expected a file or a list of files, got {show(bases)} ({path})")
    merged = {}
    for base in bases:
        inner = {}
        merged = merge(merged, read_tree(path.parent / base, inner, (*chain, path)), origins, None, inner)
    return merge(merged, tree, origins, str(path))


def _same(path, other):
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # no such file: reading it will say so
        return False


def _read(path, chain):
    """The text of a config; ConfigError with the nearest name in its folder otherwise."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        reason, cause = f"no such file.{_near(path, whole=not chain)}", error
    except UnicodeDecodeError as error:
        reason, cause = "it is not UTF-8 text.", error
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason, cause = f"{getattr(error, 'strerror', None) or error}.", error
    needed = f" (_BASE_ of {chain[-1]})" if chain else ""
    raise ConfigError(f"{path}: cannot read the config: {reason}{needed}") from cause


def _near(path, whole):
    """' Did you mean ...?', of the files beside `path`; for a `whole` config also of those below ./configs."""
    word = path.stem if path.suffix in (".yml", ".yaml") else path.name
    try:
        below = {p.stem: p.as_posix() for p in sorted(Path("configs").rglob("*.y*ml"))} if whole else {}
        if word in below:
            return f" Did you mean {below[word]!r}?"
        beside = suggestion(path.name, [p.name for p in path.parent.glob("*.y*ml")])
    except OSError:
        return ""
    near = nearest(word, below, 0.8)
    return beside or (f" Did you mean {below[near]!r}?" if near else "")


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
    """Apply one `a.b.0.c=value` in place; the value is read as YAML. Raises ConfigError."""
    place, equals, value = text.partition("=")
    keys = place.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(f"-o {brief(text)}: expected a.b=value without spaces, for example -o train.epochs=3")
    node = tree
    for i, name in enumerate(keys[:-1]):
        node = _inner(node, name, ".".join(keys[:i + 1]), text)
    _set(node, keys, parse_yaml(value, f"-o {brief(text)}"), origins)


def _inner(node, name, place, text):
    """What lies under `name` of a dict or list, made if there is nothing yet."""
    if isinstance(node, list):
        node = node[_position(node, name, place)]
    else:
        if node.get(name) is None:
            node[name] = {}
        node = node[name]
    if not isinstance(node, (dict, list)):
        raise ConfigError(f"{place}: has no keys inside, it is {show(node)} (-o {brief(text)})")
    return node


def _set(node, keys, value, origins):
    """Put `value` under the last of `keys` into the dict or list `node`, and note who did it."""
    part, name = ".".join(keys[:-1]), keys[-1]
    if isinstance(node, list):
        place = ".".join(keys)
        merged = merge({place: node[_position(node, name, place)]}, {place: value}, origins, "-o")
        node[int(name)] = merged[place]
        return
    if name == "name" and node.get("name") not in (None, value):
        # options from files belong to the part that is replaced; those from -o were meant for the new one
        for option in [k for k in node if k != "name" and origins.get(f"{part}.{k}") != "-o"]:
            del node[option]
            origins.pop(f"{part}.{option}", None)
    node.update(merge(node, {name: value}, origins, "-o", None, part))


def _position(items, text, place):
    if not items:
        raise ConfigError(f"{place}: the list is empty, set the whole list (-o)")
    if not (text.isascii() and text.isdigit()) or len(text) > 6 or int(text) >= len(items):
        raise ConfigError(f"{place}: the list has {len(items)} entries, counted from 0 (-o)")
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
    return dump_yaml(plain(config))


def to_dict(config):
    """The resolved config as plain values."""
    return plain(config)
