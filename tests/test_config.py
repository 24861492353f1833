"""Base files, overrides, who set what, and the way back to YAML."""

import json
from pathlib import Path

import pytest

from ppmobile.config import dump, load, to_dict
from ppmobile.errors import ConfigError
from ppmobile.wording import display_width, nearest, padded, show
from ppmobile.yaml_text import copy_plain, dump_flow, dump_yaml, parse_yaml

BASE = """
task: classify
model: {backbone: {name: PPLCNet, scale: 0.25}}
train: {epochs: 5, lr: 1e-4, optimizer: {name: Momentum, momentum: 0.8, weight_decay: 2e-5}}
transforms: {train: [{name: Flip, p: 0.1}, {name: ToCHW}]}
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """write(name, text): a config file in the current folder."""
    monkeypatch.chdir(tmp_path)

    def write_one(name, text, **how):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", encoding="utf-8", newline="", **how) as file:
            file.write(text)
        return name

    write_one("base.yml", BASE)
    return write_one


def test_a_base_is_relative_to_the_file_and_the_child_wins(write):
    write("a/b/child.yml", "_BASE_: ../../base.yml\ntrain: {epochs: 9}\n")
    config = load("a/b/child.yml")
    assert config.train.epochs == 9 and config.train.lr == 1e-4 and config.model.backbone["scale"] == 0.25


def test_later_bases_win_and_bases_have_bases(write):
    write("one.yml", "_BASE_: base.yml\ntrain: {epochs: 1, batch_size: 11}\n")
    write("two.yml", "train: {epochs: 2}\n")
    write("child.yml", "_BASE_: [one.yml, two.yml]\nseed: 3\n")
    config = load("child.yml")
    assert (config.train.epochs, config.train.batch_size, config.train.lr, config.seed) == (2, 11, 1e-4, 3)


def test_one_base_twice_is_no_circle(write):
    write("one.yml", "_BASE_: base.yml\nseed: 1\n")
    assert load(write("child.yml", "_BASE_: [one.yml, base.yml]\n")).seed == 1


def test_origins_name_the_file_that_set_each_key(write):
    write("child.yml", "_BASE_: base.yml\ntrain: {epochs: 9}\ntransforms: {train: [{name: ToCHW}]}\n")
    origins = load("child.yml", ["train.lr=0.5"]).origins
    assert origins["train.epochs"] == "child.yml" and origins["train.lr"] == "-o"
    assert origins["train.optimizer.momentum"] == "base.yml"
    assert origins["transforms.train.0.name"] == "child.yml" and "transforms.train.1.name" not in origins
    assert "train.batch_size" not in origins


def test_lists_are_replaced_not_joined(write):
    config = load(write("child.yml", "_BASE_: base.yml\ntransforms: {train: [{name: ToCHW}]}\n"))
    assert config.transforms.train == [{"name": "ToCHW"}]


def test_another_name_drops_the_parents_options(write):
    config = load(write("child.yml", "_BASE_: base.yml\ntrain: {optimizer: {name: Adam, beta1: 0.8}}\n"))
    assert config.train.optimizer == {"name": "Adam", "beta1": 0.8}
    assert "train.optimizer.momentum" not in config.origins


def test_the_same_name_keeps_them(write):
    config = load(write("child.yml", "_BASE_: base.yml\ntrain: {optimizer: {name: Momentum, momentum: 0.7}}\n"))
    assert config.train.optimizer == {"name": "Momentum", "momentum": 0.7, "weight_decay": 2e-5}


@pytest.mark.parametrize("overrides", [
    ["train.optimizer.name=Adam", "train.optimizer.beta1=0.7"],
    ["train.optimizer.beta1=0.7", "train.optimizer.name=Adam"],
    ["train.optimizer={name: Adam, beta1: 0.7}"],
])
def test_an_overridden_name_keeps_only_overridden_options(write, overrides):
    assert load("base.yml", overrides).train.optimizer == {"name": "Adam", "beta1": 0.7}


def test_overrides_reach_list_entries(write):
    config = load("base.yml", ["transforms.train.0.p=0.9", "transforms.train.1={name: Normalize}"])
    assert config.transforms.train == [{"name": "Flip", "p": 0.9}, {"name": "Normalize"}]
    assert load("base.yml", ["transforms.train.0.name=ToCHW"]).transforms.train[0] == {"name": "ToCHW"}


def test_overrides_make_sections_and_later_ones_win(write):
    config = load("base.yml", ["eval.batch_size=7", "eval.batch_size=8", "train.freeze_bn=[backbone.*]"])
    assert config.eval.batch_size == 8 and config.train.freeze_bn == ["backbone.*"]
    assert load("base.yml", "seed=4").seed == 4  # one text is one override


def test_a_part_without_a_name_is_the_usual_one():
    tree = {"task": "classify", "model": {"backbone": {"name": "PPLCNet"}, "head": {"dropout": 0.0}},
            "train": {"optimizer": {"weight_decay": 1e-5}}, "eval": {"metric": {"k": 3}}}
    config = load(tree)
    assert config.model.head == {"name": "ClassifyHead", "dropout": 0.0}
    assert config.train.optimizer == {"name": "Momentum", "weight_decay": 1e-5}
    assert config.eval.metric == {"name": "TopK", "k": 3} and config.train.schedule == {"name": "Cosine"}


@pytest.mark.parametrize("text, value", [
    ("1e-4", 1e-4), ("1E5", 1e5), ("-2.5e+3", -2500.0), ("1.", 1.0), (".5", 0.5), ("1_000", 1000), ("0x1F", 31),
    ("off", "off"), ("no", "no"), ("on", "on"), ("Yes", "Yes"), ("y", "y"), ("true", True), ("FALSE", False),
    ("~", None), ("null", None), ("", None), ("None", "None"), ("010", "010"), ("16:9", "16:9"), ("1e", "1e"),
    ("2024-01-31", "2024-01-31"), ("50_fast_1s1x64d", "50_fast_1s1x64d"), ("'3'", "3"), ("e5", "e5"),
])
def test_scalars(text, value):
    read = parse_yaml(f"[{text}]" if text else "[~]", "x")[0]
    assert read == value and type(read) is type(value)


def test_a_repeated_key_may_come_from_a_merged_block_only():
    text = "w: &w {a: 1}\nx: &x {<<: *w, a: 2}\ny: {<<: *x, b: 3}\n"
    assert parse_yaml(text, "x")["y"] == {"a": 2, "b": 3}


def test_aliases_are_not_shared(write):
    text = BASE.replace("[{name: Flip, p: 0.1}, {name: ToCHW}]", "&t [{name: Flip, p: 0.1}], eval: *t")
    config = load(write("alias.yml", text), ["transforms.train.0.p=0.9"])
    assert config.transforms.train[0]["p"] == 0.9 and config.transforms.eval[0]["p"] == 0.1


@pytest.mark.parametrize("value", [
    {"a": ["1e-4", "010", "16:9", "off", "no", "null", "~", "None", "1_000", "", " ", "é图", "a: b", "#", "- x", "\t",
           "2024-01-31", "=", "<<", "x" * 300, "line\nbreak", "\x85", 1e-5, 1e22, -0.0, 3, True, None, [], {}, [[]]]},
    {"on": 1, "1": 2, "true": 3, "": 4, "1e5": 5},
])
def test_dumped_yaml_reads_back_to_the_same(value):
    read = parse_yaml(dump_yaml(value), "x")
    assert read == value and repr(read) == repr(value)


@pytest.mark.parametrize("file", sorted(Path(__file__).resolve().parents[1].glob("configs/classify/f*.yml")),
                         ids=lambda p: p.stem)
def test_a_dumped_config_loads_to_the_same(write, file):
    config = load(file, ["train.processes=2", "output=runs/1e-4"])
    again = load(write("again.yml", dump(config)))
    assert to_dict(again) == to_dict(config) and dump(again) == dump(config)
    json.dumps(to_dict(config))  # it is saved inside checkpoints


def test_name_stands_for_the_file(write):
    assert load("base.yml").output == "runs/base" and load("base.yml").file == "base.yml"
    assert load("base.yml", ["output=x/{name}/y"]).output == "x/base/y"
    assert load(write("图片 é.yml", BASE)).output == "runs/图片 é"


def test_windows_line_ends_and_byte_order_mark(write):
    config = load(write("windows.yml", "\ufeff" + BASE.replace("\n", "\r\n")))
    assert to_dict(config)["train"] == to_dict(load("base.yml"))["train"]


def test_loading_changes_and_shares_nothing():
    tree = {"task": "classify", "model": {"backbone": {"name": "PPLCNet", "out_strides": [8, 16]}},
            "transforms": {"train": [{"name": "Flip"}]}}
    before = json.dumps(tree)
    first, second = load(tree, ["transforms.train.0.p=0.1", "train.optimizer.momentum=0.1"]), load(tree)
    assert json.dumps(tree) == before
    first.model.backbone["out_strides"].append(32)
    first.train.schedule["floor"] = 0.5
    first.train.optimizer["momentum"] = 0.2
    assert second.model.backbone["out_strides"] == [8, 16] and json.dumps(tree) == before
    assert second.train.optimizer == {"name": "Momentum"} and load(tree).train.schedule == {"name": "Cosine"}


def test_plain_values_are_made_of_tuples_paths_and_numpy_scalars():
    import numpy as np

    value = copy_plain({"a": (1, Path("x")), "b": np.float32(0.5), "c": np.int64(3)}, "x")
    assert value == {"a": [1, "x"], "b": 0.5, "c": 3} and type(value["c"]) is int


@pytest.mark.parametrize("value, message", [
    ({1: 2}, "x: 1 stands where a key belongs, but keys are words"),
    ({"a": {1, 2}}, "x: a config holds texts, numbers, true, false, null, lists and blocks, not a set"),
    ({"a": object}, "x: a config holds texts, numbers, true, false, null, lists and blocks, not a type"),
])
def test_other_values_are_refused(value, message):
    with pytest.raises(ConfigError) as error:
        copy_plain(value, "x")
    assert str(error.value) == message


def test_a_value_within_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(ConfigError, match="nested too deep"):
        copy_plain({"a": loop}, "x")


@pytest.mark.parametrize("word, known, near", [
    ("rl", ["lr", "r"], "lr"), ("PPLCNET", ["PPLCNet", "ResNetVd"], "PPLCNet"), ("xyz", ["lr"], None),
    ("epoch", ["eval", "epochs"], "epochs"), (5, ["a"], None), ("a", [], None),
])
def test_nearest(word, known, near):
    assert nearest(word, known) == near


def test_shown_values_are_short_and_one_line():
    assert show("a\nb") == "'a\\nb'" and len(show("x" * 999)) == 80 and show(None) == "nothing"
    assert len(show(10 ** 5000)) <= 80


@pytest.mark.parametrize("value, text", [
    (None, "null"), (True, "true"), ("off", "'off'"), ("猫", "猫"), ((1, 2.5), "[1, 2.5]"), ("", "''"),
    ({"name": "Flip", "p": [0.5, None]}, "{name: Flip, p: [0.5, null]}"), (["x" * 90, "y" * 90], None), (3, "3"),
])
def test_one_line_of_yaml(value, text):
    line = dump_flow(value)
    assert text is None or line == text
    assert "\n" not in line and parse_yaml(line, "x") == (list(value) if isinstance(value, tuple) else value)


def test_wide_letters_take_two_columns():
    # widths by UAX #11: W for CJK and Hangul, F for full-width forms; a combining accent adds nothing
    assert [display_width(t) for t in ("cat", "猫", "한국", "Ａ", "e\u0301")] == [3, 2, 4, 2, 1]
    assert padded("猫", 4) == "猫  " and padded("cats", 3) == "cats"
