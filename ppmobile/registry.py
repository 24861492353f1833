"""Parts by name: a YAML block `{name: PPLCNet, scale: 0.5}` becomes `PPLCNet(scale=0.5)`, or a clear error."""

import difflib
import importlib
import inspect

from .errors import ConfigError


def suggestion(word, known):
    """' Did you mean 'x'?' for the nearest of `known`, or ''."""
    near = difflib.get_close_matches(str(word), list(known), n=1, cutoff=0.5)
    if not near:
        lower = {str(k).lower(): k for k in known}
        near = [lower[k] for k in difflib.get_close_matches(str(word).lower(), lower, n=1, cutoff=0.5)]
    return f" Did you mean {near[0]!r}?" if near else ""


class Registry:
    """Classes of one kind by name.

    kind: what an error message calls a member. home: the package whose import registers the members; it
    is imported at the first look-up, so that declaring a registry costs nothing. given: options that the
    program passes itself (class count, channels), which a config may not set.
    """

    def __init__(self, kind, home, given=()):
        self.kind, self.home, self.given = kind, home, frozenset(given)
        self._members = {}

    def register(self, cls):
        """Class decorator: add `cls` under its own name."""
        if cls.__name__ in self._members and self._members[cls.__name__].__module__ != cls.__module__:
            raise ValueError(f"two {self.kind}s are called {cls.__name__}")
        self._members[cls.__name__] = cls
        return cls

    def names(self):
        """All known names, sorted."""
        importlib.import_module(self.home)
        return sorted(self._members)

    def get(self, name, place=""):
        """The class called `name`; ConfigError with the nearest name otherwise."""
        known = self.names()
        if name not in self._members:
            hint = suggestion(name, known)
            raise ConfigError(f"{_at(place, 'name')}unknown {self.kind} {name!r}.{hint} Known: {', '.join(known)}")
        return self._members[name]

    def options(self, name):
        """{option: inspect.Parameter} that a config may set for `name`."""
        parameters = inspect.signature(self.get(name)).parameters
        return {k: p for k, p in parameters.items() if k not in self.given and p.kind is p.POSITIONAL_OR_KEYWORD}

    def check(self, part, place=""):
        """Raise ConfigError unless `part` is {name: known, option: value of the right type, ...}."""
        if not isinstance(part, dict) or "name" not in part:
            raise ConfigError(f"{place}: expected {{name: ..., options}} of a {self.kind}, got {part!r}")
        name = part["name"]
        self.get(name, place)
        known = self.options(name)
        for option, value in part.items():
            if option == "name":
                continue
            if option in self.given:
                raise ConfigError(f"{_at(place, option)}is set by the program, remove it from the config")
            if option not in known:
                hint = suggestion(option, known) or f" Known: {', '.join(known) or 'none'}"
                raise ConfigError(f"{_at(place, option)}{name} has no option {option!r}.{hint}")
            check_value(value, known[option], _at(place, option))
        missing = [k for k, p in known.items() if p.default is p.empty and k not in part]
        if missing:
            raise ConfigError(f"{place}: {name} needs the option {missing[0]!r}")

    def build(self, part, place="", **given):
        """An instance of `part`; `given` is passed on where the class takes it."""
        self.check(part, place)
        cls = self.get(part["name"], place)
        takes = inspect.signature(cls).parameters
        options = {k: v for k, v in part.items() if k != "name"}
        try:
            return cls(**options, **{k: v for k, v in given.items() if k in takes})
        except ValueError as error:  # a value the class itself refuses: its words, our place
            raise ConfigError(f"{place}: {part['name']}: {error}") from error


def check_value(value, parameter, place):
    """Refuse a value whose type differs from that of the parameter's default (None and sequences are free)."""
    default = parameter.default
    if default is parameter.empty or default is None or value is None:
        return
    if isinstance(default, bool) or isinstance(value, bool):
        good = isinstance(default, bool) and isinstance(value, bool)
    elif isinstance(default, (int, float)):
        integral = isinstance(default, int)
        good = isinstance(value, int) or (isinstance(value, float) and not integral) or isinstance(value, (list, tuple))
    elif isinstance(default, str):
        good = isinstance(value, str)
    else:
        good = isinstance(value, (list, tuple, dict, int, float))
    if not good:
        raise ConfigError(f"{place}expected {kind_of(default)}, got {value!r}")


def kind_of(value):
    """What a message calls the type of `value`."""
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", dict: "a block of keys"}
    return names.get(type(value), "a list")


def _at(place, option):
    return f"{place}.{option}: " if place else f"{option}: "
