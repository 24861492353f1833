"""Parts by name: a YAML block `{name: PPLCNet, scale: 0.5}` becomes `PPLCNet(scale=0.5)`, or a clear error."""

import importlib
import inspect
import math

from .errors import ConfigError
from .wording import NOTHING, a, expected, nearest, show, suggestion

PAIRS = ("size",)  # options that take a number, or [height, width]


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
        if not isinstance(name, str) or name not in self._members:
            hint = suggestion(name, known)
            raise ConfigError(f"{_at(place, 'name')}unknown {self.kind} {show(name)}.{hint} {_known(known)}")
        return self._members[name]

    def options(self, name):
        """{option: inspect.Parameter} that a config may set for `name`."""
        parameters = inspect.signature(self.get(name)).parameters
        return {k: p for k, p in parameters.items() if k not in self.given and p.kind is p.POSITIONAL_OR_KEYWORD}

    def check(self, part, place=""):
        """Raise ConfigError unless `part` is {name: known, option: value of the right type, ...}."""
        self._check_name(part, place)
        name = part["name"]
        self.get(name, place)
        known = self.options(name)
        options = {k: v for k, v in part.items() if k != "name"}
        # a misspelled name first: the other options then belong to another part
        unknown = sorted((k for k in options if k not in known), key=lambda k: nearest(k, ["name"], 0.6) is None)
        for option in unknown:
            if option in self.given:
                raise ConfigError(f"{_at(place, option)}is set by the program, remove it from the config")
            hint = suggestion(option, ["name", *known]) or f" {_known(known)}"
            raise ConfigError(f"{_at(place, option)}{name} has no option {option!r}.{hint}")
        for option, value in options.items():
            check_value(value, known[option], _at(place, option))
        missing = [k for k, p in known.items() if p.default is p.empty and k not in part]
        if missing:
            raise ConfigError(f"{_at(place)}{name} needs the option {missing[0]!r}")

    def _check_name(self, part, place):
        if isinstance(part, dict) and "name" in part:
            return
        if isinstance(part, str) and part not in NOTHING:
            near = nearest(part, self.names())
            hint = f"; write {{name: {near}}}" if near else f". {_known(self.names())}"
        elif isinstance(part, list) and part and isinstance(part[0], dict):
            hint = "; only one belongs here, without the dash"
        elif isinstance(part, dict) and part:
            wrong = next((k for k in part if nearest(k, ["name"])), None)
            hint = f"; did you mean 'name' by {wrong!r}?" if wrong else f". {_known(self.names())}"
        else:
            hint = "; for nothing write null" if part in NOTHING else ""
        raise ConfigError(f"{_at(place)}expected {{name: ..., options}} of {a(self.kind)}, got {show(part)}{hint}")

    def build(self, part, place="", **given):
        """An instance of `part`; `given` is passed on where the class takes it. ConfigError if the class refuses."""
        self.check(part, place)
        cls = self.get(part["name"], place)
        takes = inspect.signature(cls).parameters
        options = {k: v for k, v in part.items() if k != "name"}
        try:
            return cls(**options, **{k: v for k, v in given.items() if k in takes})
        except ValueError as error:  # a value the class itself refuses: its words, our place
            refused = ConfigError(f"{_at(place)}{part['name']}: {error}")
            option = str(error).split(" ")[0]
            refused.place = f"{place}.{option}" if option in options else place
            raise refused from error
        except (TypeError, AttributeError, OverflowError) as error:
            if not options:
                raise
            # options without a default have no known type, so that a wrong one shows only here
            shown = ", ".join(f"{k}: {show(v)}" for k, v in options.items())
            raise ConfigError(f"{_at(place)}{part['name']} cannot use {{{shown}}}: {error}") from error


def check_value(value, parameter, place):
    """Refuse a value whose type differs from that of the parameter's default; a default of None leaves it free.

    place: what the message starts with, as in "model.backbone.scale: ". Numbers must be finite, a list must hold
    what the default holds, and a size may be one number or a list.
    """
    default = parameter.default
    if default is parameter.empty and value is None:
        raise ConfigError(f"{place}expected a value, got nothing")
    if default is parameter.empty:
        return
    if default is None:
        if isinstance(value, str) and value in NOTHING:
            raise ConfigError(f"{place}got the text {value!r}; for nothing write null")
        return
    kind = list if isinstance(default, (list, tuple)) else type(default)
    if parameter.name in PAIRS and isinstance(value, list):
        kind, default = list, [default]
    if not fits(value, kind):
        raise ConfigError(f"{place}{expected(kind, value)}")
    for entry in value if kind is list and _numbers(default) else ():
        if not fits(entry, float) and not isinstance(entry, (list, tuple)):
            raise ConfigError(f"{place}each entry: {expected(float, entry)}")


def fits(value, kind):
    """Whether a plain value is of the type `kind`: bool is no number, an int is also a float, floats are finite."""
    if kind is list:
        return isinstance(value, (list, tuple))
    if kind in (int, float) and not isinstance(value, bool):
        return isinstance(value, (int, kind)) and _finite(value)
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _finite(value):
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def _numbers(values):
    return len(values) > 0 and all(isinstance(v, (int, float)) for v in values)


def _known(names):
    return f"Known: {', '.join(names) or 'none'}"


def _at(place, option=""):
    dotted = ".".join(word for word in (place, str(option)) if word)
    return f"{dotted}: " if dotted else ""
