"""A Registry: names and options of a part checked against its class, and built, or one clear message."""

import pytest

from ppmobile.errors import ConfigError
from ppmobile.registry import Registry, fits

PARTS = Registry("animal", "ppmobile.errors", given=("legs",))


@PARTS.register
class Zebra:
    """A part with an option of every type."""

    def __init__(self, legs, stripes=40, weight=300.0, name_tag="Z", tame=False, size=3, spots=(1, 2), herd=None):
        if stripes < 0:
            raise ValueError(f"stripes {stripes} must not be negative")
        self.legs, self.stripes, self.size, self.herd = legs, stripes, size, herd


@PARTS.register
class Cat:
    """A part with an option that must be given, of any type."""

    def __init__(self, owner):
        self.owner = owner.upper()


def message(part, place="zoo.0"):
    """The one line that refuses `part`."""
    with pytest.raises(ConfigError) as error:
        PARTS.build(part, place, legs=4)
    return str(error.value)


def test_build_passes_options_and_what_the_program_gives():
    zebra = PARTS.build({"name": "Zebra", "stripes": 3, "size": [4, 5]}, "zoo.0", legs=4)
    assert (zebra.legs, zebra.stripes, zebra.size) == (4, 3, [4, 5])
    assert PARTS.build({"name": "Cat", "owner": "ann"}, legs=4).owner == "ANN"  # takes no legs


def test_names_and_options():
    assert PARTS.names() == ["Cat", "Zebra"]
    assert list(PARTS.options("Cat")) == ["owner"]
    assert "legs" not in PARTS.options("Zebra")


@pytest.mark.parametrize("good", [
    {"weight": 3}, {"weight": 1e-5}, {"tame": True}, {"herd": None}, {"herd": [1]}, {"spots": []}, {"spots": [0.5]},
    {"size": 9}, {"size": [1, 2]},
])
def test_values_of_the_right_type(good):
    PARTS.check({"name": "Zebra", **good})


@pytest.mark.parametrize("part, expected", [
    ({"name": "Zebar"}, "zoo.0.name: unknown animal 'Zebar'. Did you mean 'Zebra'? Known: Cat, Zebra"),
    ({"name": 5}, "zoo.0.name: unknown animal 5. Known: Cat, Zebra"),
    ({"name": ["Cat"]}, "zoo.0.name: unknown animal ['Cat']. Did you mean 'Cat'? Known: Cat, Zebra"),
    ("zebra", "zoo.0: expected {name: ..., options} of an animal, got 'zebra'; write {name: Zebra}"),
    ("yak", "zoo.0: expected {name: ..., options} of an animal, got 'yak'. Known: Cat, Zebra"),
    (None, "zoo.0: expected {name: ..., options} of an animal, got nothing"),
    ({}, "zoo.0: expected {name: ..., options} of an animal, got {}"),
    ("None", "zoo.0: expected {name: ..., options} of an animal, got 'None'; for nothing write null"),
    ({"Name": "Cat"}, "zoo.0: expected {name: ..., options} of an animal, got {'Name': 'Cat'}; did you mean 'name' by "
                      "'Name'?"),
    ({"stripes": 3}, "zoo.0: expected {name: ..., options} of an animal, got {'stripes': 3}. Known: Cat, Zebra"),
    ([{"name": "Cat"}], "zoo.0: expected {name: ..., options} of an animal, got [{'name': 'Cat'}]; only one belongs "
                        "here, without the dash"),
    ({"name": "Zebra", "strips": 3}, "zoo.0.strips: Zebra has no option 'strips'. Did you mean 'stripes'?"),
    ({"name": "Cat", "q": 3}, "zoo.0.q: Cat has no option 'q'. Known: owner"),
    ({"name": "Zebra", "legs": 3}, "zoo.0.legs: is set by the program, remove it from the config"),
    ({"name": "Cat"}, "zoo.0: Cat needs the option 'owner'"),
    ({"name": "Cat", "owner": None}, "zoo.0.owner: expected a value, got nothing"),
    ({"name": "Cat", "owner": 5}, "zoo.0: Cat cannot use {owner: 5}: 'int' object has no attribute 'upper'"),
    ({"name": "Zebra", "stripes": -1}, "zoo.0: Zebra: stripes -1 must not be negative"),
    ({"name": "Zebra", "stripes": 1.5}, "zoo.0.stripes: expected a whole number, got 1.5"),
    ({"name": "Zebra", "stripes": True}, "zoo.0.stripes: expected a whole number, got true"),
    ({"name": "Zebra", "stripes": None}, "zoo.0.stripes: expected a whole number, got nothing"),
    ({"name": "Zebra", "stripes": [1]}, "zoo.0.stripes: expected a whole number, got [1]"),
    ({"name": "Zebra", "weight": "3"}, "zoo.0.weight: expected a number, got '3'; remove the quotes"),
    ({"name": "Zebra", "weight": float("inf")}, "zoo.0.weight: expected a finite number, got inf"),
    ({"name": "Zebra", "weight": 10 ** 400}, "zoo.0.weight: expected a number, got 1" + "0" * 75 + " ..."),
    ({"name": "Zebra", "name_tag": 50}, "zoo.0.name_tag: expected a text, got 50; in quotes it is a text: \"50\""),
    ({"name": "Zebra", "tame": "no"}, "zoo.0.tame: expected true or false, got 'no'; write false"),
    ({"name": "Zebra", "size": ["a", 2]}, "zoo.0.size: each entry: expected a number, got 'a'"),
    ({"name": "Zebra", "spots": 7}, "zoo.0.spots: expected a list, got 7; write [7]"),
    ({"name": "Zebra", "spots": {"a": 1}}, "zoo.0.spots: expected a list, got {'a': 1}"),
    ({"name": "Zebra", "herd": "None"}, "zoo.0.herd: got the text 'None'; for nothing write null"),
])
def test_messages(part, expected):
    assert message(part) == expected


def test_without_a_place_the_message_starts_with_the_option():
    assert message({"name": "Zebra", "tail": 1}, "").startswith("tail: Zebra has no option")


def test_an_error_that_no_option_can_have_caused_is_left_alone():
    broken = Registry("part", "ppmobile.errors")

    @broken.register
    class Broken:
        def __init__(self):
            raise TypeError("a bug")

    with pytest.raises(TypeError, match="a bug"):
        broken.build({"name": "Broken"})


def test_two_classes_of_one_name():
    class Zebra:
        pass

    Zebra.__module__ = "elsewhere"
    with pytest.raises(ValueError, match="two animals are called Zebra"):
        PARTS.register(Zebra)


@pytest.mark.parametrize("value, kind, good", [
    (True, int, False), (True, bool, True), (1, bool, False), (1, float, True), (1.0, int, False),
    (float("nan"), float, False), (10 ** 400, int, False), ("a", str, True), ((1,), list, True), ({}, dict, True),
])
def test_fits(value, kind, good):
    assert fits(value, kind) is good
