"""`ppmobile explain`: what a key means, read off the schema or off the part, with its value and who set it."""

import re
import sys
from pathlib import Path

import pytest

from ppmobile.config import load, registry_of
from ppmobile.errors import ConfigError
from ppmobile.explain.keys import explain
from ppmobile.schema import Config
from ppmobile.typed import paths

CONFIGS = Path(__file__).resolve().parents[2] / "configs" / "classify"


@pytest.fixture(scope="module")
def config():
    """A config that sets groups, transforms and a reader, in two files, and an override."""
    return load(CONFIGS / "finetune_mobilenet_v2_x1_0.yml", ["train.epochs=3"])


@pytest.mark.parametrize("key", list(paths(Config)))
def test_every_key_of_the_schema(key, config):
    for text in (explain(key), explain(key, config)):
        assert text.startswith(f"{key}: ") and len(text.splitlines()) >= 2
        assert "  type     " in text and "  default  " in text
    assert "  value    " in text and "  set by   " in text


def test_a_field(config):
    assert explain("train.epochs", config).splitlines() == [
        "train.epochs: passes over the training pictures", "  type     a whole number (at least 1)",
        "  default  100", "  value    3", "  set by   -o"]


def test_both_limits_of_a_field():
    assert explain("eval.worst").splitlines()[1] == "  type     a whole number (at least 0, at most 400)"
    assert explain("seed").splitlines()[1] == "  type     a whole number (at least 0, at most 2147483647)"


def test_a_field_that_nobody_set(config):
    assert explain("train.amp", config).splitlines()[1:] == [
        "  type     a text (one of off, fp16, bf16)", "  default  'off'", "  value    'off'",
        "  set by   nobody: the default"]


def test_a_section_lists_its_keys(config):
    lines = explain("model", config).splitlines()
    assert lines[0].startswith("model: The net: backbone") and "  keys     backbone, neck, head, pretrained" in lines
    assert lines[-1].endswith("finetune_mobilenet_v2_x1_0.yml")


def test_a_part_lists_the_names(config):
    readers = ("CocoDetection, DigitScenes, Digits, ImageFolder, ImageList, LabelMeDetection, VocDetection, "
               "YoloDetection")
    assert f"  names    {readers}" in explain("data.train").splitlines()
    assert "  names    Adam, AdamW, Momentum, RMSProp, SGD" in explain("train.optimizer.name", config)


def test_an_option_of_a_part(config):
    text = explain("model.backbone.scale", config)
    assert text.startswith("model.backbone.scale: option of MobileNetV2\n") and "1801.04381" in text
    assert "  type     a number\n  default  1.0\n  value    1.0\n" in text


def test_an_option_of_a_list_entry(config):
    text = explain("transforms.train.0.size", config)
    assert text.startswith("transforms.train.0.size: option of RandomResizedCrop\n")
    assert "  default  224\n  value    224\n" in text and text.endswith("pictures.yml")


def test_an_option_that_the_config_leaves_out_has_its_default(config):
    assert "  value    [0.75, 1.3333333333333333]\n  set by   nobody: the default" in explain(
        "transforms.train.0.ratio", config)


def test_an_option_that_must_be_given(config):
    assert "  default  none, it must be given" in explain("data.train.root", config)


def test_an_entry_of_a_list_of_sections(config):
    assert explain("train.groups.1.lr", config).splitlines()[-2] == "  value    0.1"


@pytest.mark.parametrize("key, message", [
    ("train.epoch", "train.epoch: unknown key. Did you mean 'train.epochs'?"),
    ("epochs", "epochs: unknown key. Did you mean 'train.epochs'?"),
    ("weights", "weights: unknown key. Did you mean 'model.pretrained'?"),
    ("train.epochs.x", "train.epochs.x: unknown key. Did you mean 'train.epochs'?"),
    ("", ": unknown key."),
    ("model.backbone.scal", "model.backbone.scal: MobileNetV2 has no option 'scal'. Did you mean 'scale'? "
                            "Known: scale, out_strides"),
    ("model.neck.channels", "model.neck.channels: what it means depends on the neck; the config has none"),
    ("transforms.train.9.size", "transforms.train.9: the config's list has 5 entries, counted from 0"),
    ("transforms.train.x", "transforms.train.x: train is a list; give the position of an entry, counted from 0"),
])
def test_messages(key, message, config):
    with pytest.raises(ConfigError) as error:
        explain(key, config)
    assert str(error.value) == message


def test_an_option_without_a_config():
    with pytest.raises(ConfigError) as error:
        explain("model.backbone.scale")
    assert str(error.value) == "model.backbone.scale: what it means depends on the backbone; add -c FILE"


def test_values_are_those_of_a_yaml_file(config):
    assert "  default  null" in explain("model.pretrained").splitlines()
    assert "  default  true" in explain("data.check").splitlines()
    assert "  default  {name: Momentum}" in explain("train.optimizer").splitlines()


def test_no_docstring_of_a_part_names_a_constant_of_its_module():
    for kind in ("backbone", "neck", "head", "reader", "transform", "batch transform", "metric", "schedule"):
        for name in registry_of(kind).names():
            part = registry_of(kind).get(name)
            known = vars(sys.modules[part.__module__])
            assert [w for w in re.findall(r"\b[A-Z][A-Z_]+\b", part.__doc__) if w in known] == [], name
            assert not known.get("SCALES") or f"one of {', '.join(map(str, known['SCALES']))}. " in " ".join(
                part.__doc__.split()), name
