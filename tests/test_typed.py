"""Plain values to dataclasses: conversion, ranges, nesting and the words of types, on a schema of its own."""

from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import List, Optional, get_args, get_origin, get_type_hints

import pytest

from ppmobile.config import check_part
from ppmobile.errors import ConfigError
from ppmobile.schema import Config, Part, key
from ppmobile.typed import Checker, bare, describe, paths, plain
from ppmobile.yaml_text import parse_yaml

# what else a section needs before one of its keys can be judged
REQUIRED = {Config: {"task": "classify", "model": {"backbone": {"name": "PPLCNet"}}}}


@dataclass
class Wheel:
    """A section that stands in a list."""

    spokes: int = key(32, "how many spokes", low=1, high=400)


@dataclass
class Brake:
    """A nested section."""

    force: float = key(0.5, "share of the largest force", above=0, below=1)
    kind: str = key("disc", "its make", choices=("disc", "drum"))


@dataclass
class Bike:
    """The whole."""

    brake: Brake = key(Brake, "the brake")
    spare: Optional[Brake] = key(None, "a second brake")
    wheels: List[Wheel] = key([], "the wheels")
    notes: List[str] = key([], "remarks")
    gears: str = key("1", "a number or auto", count=True)
    bell: bool = key(True, "has a bell")
    motor: Optional[Part] = key(None, "what drives it", kind="motor")


def build(tree):
    """A Bike; the parts are only recorded."""
    seen = []
    checker = Checker(lambda kind, part, place: seen.append((kind, part, place)), paths(Bike))
    return checker.section(Bike, tree), seen


def test_defaults_and_nesting():
    bike, _ = build({"brake": {"force": 0.25}, "wheels": [{}, {"spokes": 28}], "notes": ["a"]})
    assert bike.brake.force == 0.25 and bike.brake.kind == "disc" and bike.spare is None
    assert [w.spokes for w in bike.wheels] == [32, 28] and bike.notes == ["a"]


def test_defaults_are_not_shared():
    first, second = build({})[0], build({})[0]
    first.notes.append("x")
    first.brake.force = 0.1
    assert second.notes == [] and second.brake.force == 0.5


def test_parts_are_handed_to_their_registry_with_their_place():
    bike, seen = build({"motor": {"name": "X", "watt": 2}})
    assert seen == [("motor", {"name": "X", "watt": 2}, "motor")] and bike.motor["watt"] == 2


def test_a_whole_number_becomes_a_float_and_a_count_a_text():
    bike, _ = build({"gears": 7, "spare": {"force": 0.5}})
    assert bike.gears == "7" and isinstance(bike.spare.force, float)


@pytest.mark.parametrize("tree, message", [
    ({"brake": 5}, "brake: expected a block of keys, got 5"),
    ({"brake": None}, "brake: expected a block of keys, got nothing"),
    ({"brake": {"force": 1}}, "brake.force: must be below 1, got 1.0"),
    ({"brake": {"force": 0}}, "brake.force: must be above 0, got 0.0"),
    ({"brake": {"force": "0,5"}}, "brake.force: expected a number, got '0,5'; write 0.5"),
    ({"brake": {"force": float("nan")}}, "brake.force: expected a finite number, got nan"),
    ({"brake": {"kind": "dics"}}, "brake.kind: must be one of disc, drum, got 'dics'. Did you mean 'disc'?"),
    ({"brake": {"kind": 3}}, "brake.kind: must be one of disc, drum, got 3"),
    ({"wheels": {"spokes": 3}}, "wheels: expected a list, got {'spokes': 3}"),
    ({"wheels": [{}, {"spokes": 0}]}, "wheels.1.spokes: must be at least 1, got 0"),
    ({"wheels": [{"spokes": 401}]}, "wheels.0.spokes: must be at most 400, got 401"),
    ({"wheels": [{"spoke": 3}]}, "wheels.0.spoke: unknown key. Did you mean 'spokes'?"),
    ({"notes": "a"}, "notes: expected a list, got 'a'; write ['a']"),
    ({"notes": [3]}, "notes.0: expected a text, got 3; in quotes it is a text: \"3\""),
    ({"notes": [""]}, "notes.0: is an empty text"),
    ({"gears": 1.5}, "gears: expected a text, got 1.5; in quotes it is a text: \"1.5\""),
    ({"gears": True}, "gears: expected a text, got true; in quotes it is a text: \"true\""),
    ({"bell": "on"}, "bell: expected true or false, got 'on'; write true"),
    ({"spare": "None"}, "spare: got the text 'None'; for nothing write null"),
    ({"force": 1}, "force: unknown key. Did you mean 'brake.force'?"),
    ({"brake.force": 1}, "brake.force: unknown key. Dots are for -o; in a file write brake: {force: ...}"),
    ({"brake": {"bell": 1}}, "brake.bell: unknown key. Did you mean 'bell'?"),
    ({"zzz": 1}, "zzz: unknown key. Known: brake, spare, wheels, notes, gears, bell, motor"),
])
def test_messages(tree, message):
    with pytest.raises(ConfigError) as error:
        build(tree)
    assert str(error.value) == message


def test_paths_reach_into_optional_sections_and_lists():
    assert list(paths(Bike)) == ["brake", "brake.force", "brake.kind", "spare", "spare.force", "spare.kind", "wheels",
                                 "wheels.0.spokes", "notes", "gears", "bell", "motor"]


def test_plain_turns_sections_into_dicts():
    bike, _ = build({"wheels": [{"spokes": 2}]})
    assert plain(bike)["wheels"] == [{"spokes": 2}] and plain((1, [2])) == [1, [2]]


@pytest.mark.parametrize("kind, words", [
    (Optional[Brake], "a block of keys, or nothing"), (List[Wheel], "a list, each entry a block of keys"),
    (List[str], "a list, each entry a text"), (Optional[Part], "a block of keys, or nothing"), (bool, "true or false"),
])
def test_describe(kind, words):
    assert describe(kind) == words


def test_every_key_without_a_default_has_an_example_that_is_right():
    sections, wanted = [Config], 0
    for section in sections:
        for field in fields(section):
            kind = bare(get_type_hints(section)[field.name])
            inner = get_args(kind)[0] if get_origin(kind) is list else kind
            sections += [inner] if is_dataclass(inner) else []
            if field.default is MISSING and field.default_factory is MISSING:
                wanted += 1
                value = parse_yaml(field.metadata["example"], "example")
                Checker(check_part).section(section, {**REQUIRED.get(section, {}), field.name: value})
    assert wanted == 6


def test_a_missing_key_comes_with_its_example():
    with pytest.raises(ConfigError, match="^model: is missing; write for example `model: {backbone: {name: PPL"):
        Checker(check_part).section(Config, {"task": "classify"})
