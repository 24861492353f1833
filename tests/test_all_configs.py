"""Every shipped config: it builds, its header tells the truth, and a misspelled key is named with the right one."""

import copy
import random
import re
from pathlib import Path

import paddle
import pytest

import ppmobile
from ppmobile.config import from_tree, load, read_tree
from ppmobile.errors import ConfigError
from ppmobile.profiling.macs import count

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
FILES = [p for p in sorted(CONFIGS.rglob("*.yml")) if p.parent.name != "_base_"]
CLASSES = 7
NUMBERS = re.compile(r": ([\d.]+) M parameters, ([\d.]+) M MACs\.")
DETECTOR = re.compile(r", (\d+) [^:]*: ([\d.]+) M parameters, (\d+) M MACs(?: at \d+ px)?(?: for (\d+) classes)?\.")
CLASSIFIERS = [p for p in FILES if p.parent.name == "classify"]
DETECTORS = [p for p in FILES if p.parent.name == "detect"]
SLIM = [p for p in FILES if p.parent.name == "slim"]
TREES = {}


def name_of(file):
    """A config's name in the test report."""
    return str(file.relative_to(CONFIGS).with_suffix(""))


def tree_of(file):
    """The merged tree of a config, read once."""
    if file not in TREES:
        TREES[file] = read_tree(file, {})
    return copy.deepcopy(TREES[file])


def header(file):
    """The comment lines at the top of a config."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return lines[:next(i for i, line in enumerate(lines) if not line.startswith("#"))]


def test_there_are_configs():
    assert len(FILES) > 30


def test_no_two_configs_write_to_the_same_folder():
    names = [file.stem for file in FILES]  # the output is runs/{name} by default
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("file", sorted(CONFIGS.rglob("*.yml")), ids=name_of)
def test_header(file):
    assert header(file) and all(len(line) > 20 for line in header(file))


@pytest.mark.parametrize("file", DETECTORS, ids=name_of)
def test_a_detector_builds_and_answers(file):
    side, params, macs, classes = DETECTOR.search(header(file)[0]).groups()
    side, classes = int(side), int(classes or 80)  # the COCO data set has 80
    model = ppmobile.build(file, num_classes=classes)
    model.eval()
    with paddle.no_grad():
        boxes, scores = model.head.answer(model(paddle.rand([1, 3, 96, 96])))
    places = scores.shape[1]  # a two-stage net has a box for each class
    assert boxes.shape in ([1, places, 4], [1, places, classes, 4]) and scores.shape == [1, places, classes]
    assert bool(paddle.isfinite(boxes).all()) and bool(paddle.isfinite(scores).all())
    counted = count(model, (1, 3, side, side))
    assert (f"{counted.params / 1e6:.2f}", f"{counted.macs / 1e6:.0f}") == (params, macs)


@pytest.mark.parametrize("file", CLASSIFIERS, ids=name_of)
def test_it_builds_and_answers(file):
    model = ppmobile.build(file, num_classes=CLASSES)
    model.eval()
    with paddle.no_grad():
        logits = model(paddle.rand([1, 3, 64, 64]))
    assert logits.shape == [1, CLASSES] and bool(paddle.isfinite(logits).all())
    claimed = NUMBERS.search(header(file)[0])
    if claimed:  # of the net with 1000 classes, whose class layer is the only difference
        counted, width = count(model), model.head.fc.weight.shape[0]
        params = counted.params + (1000 - CLASSES) * (width + 1)
        macs = counted.macs + (1000 - CLASSES) * width
        assert f"{params / 1e6:.2f}" == claimed[1]
        assert f"{macs / 1e6:.{1 if macs < 1e8 else 0}f}" == claimed[2]


@pytest.mark.parametrize("file", SLIM, ids=name_of)
def test_the_steps_of_a_slim_config_fit_its_net(file):
    from ppmobile.slim.coupling import couple
    from ppmobile.slim.pipeline import planned

    config = load(file)
    model = ppmobile.build(file, num_classes=CLASSES)
    for one in planned(config):
        assert one.config.slim.steps[0]["name"] == one.name
        if one.name == "Prune":  # its patterns name layers of this net, and it leaves something to be cut
            ratios = one.step.wanted(couple(model, (96, 96)))
            assert 0 < sum(ratio > 0 for ratio in ratios.values()) <= len(ratios)


def test_every_published_net_has_a_config_and_every_imagenet_config_its_numbers():
    from ppmobile.models import BACKBONES
    from ppmobile.zoo.weights import table

    shipped = [load(file).model.backbone for file in CLASSIFIERS if NUMBERS.search(header(file)[0])]
    assert {part["name"] for part in shipped} == set(BACKBONES.names())
    missing = [name for name, entry in table().items() if entry["backbone"] not in shipped]
    assert not missing


def dotted_keys(tree, place=()):
    """All key paths of a merged tree, through lists as well."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(tree, dict):
            yield (*place, key)
        if isinstance(value, (dict, list)):
            yield from dotted_keys(value, (*place, key))


def misspelled(word, rng):
    """`word` with two letters swapped, one dropped or one doubled."""
    ways = {"swap": word, "drop": word, "double": word}
    i = rng.randrange(len(word) - 1) if len(word) > 1 else 0
    ways["swap"] = word[:i] + word[i + 1:i + 2] + word[i] + word[i + 2:]
    ways["drop"] = word[:i] + word[i + 1:] if len(word) > 2 else word
    ways["double"] = word[:i] + word[i] + word[i:]
    return rng.choice([way for way in ways.values() if way != word])


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_misspelled_key_is_named_with_the_right_one(file):
    for keys in dotted_keys(tree_of(file)):
        if "ratios" in keys[:-1]:  # its keys are patterns of layers, which no config knows
            continue
        tree = tree_of(file)
        block = tree
        for key in keys[:-1]:
            block = block[key]
        right = keys[-1]
        wrong = misspelled(right, random.Random(f"{name_of(file)} {keys}"))
        block[wrong] = block.pop(right)
        with pytest.raises(ConfigError) as error:
            from_tree(tree, {}, file.stem)
        message = str(error.value)
        assert wrong in message and re.search(rf"did you mean '([\w.]*\.)?{right}'", message, re.IGNORECASE), message
