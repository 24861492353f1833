"""Mistakes in a later step of a slim run are told before the first one trains."""

import copy
from pathlib import Path

import pytest

from ppmobile.config import from_tree
from ppmobile.engine.run import train
from ppmobile.errors import ConfigError
from ppmobile.slim import pipeline
from ppmobile.slim.rehearsal import rehearse
from ppmobile.slim.stage import MARK, mark

FINETUNE = {"name": "Finetune", "train": {"epochs": 1}}


def slimming(tiny, step, start, **more):
    """The Config of a training and one more step."""
    slim = {"start": str(start), "steps": [FINETUNE, step], "runtimes": ["paddle-fp32", "paddle-int8"]}
    return from_tree({**copy.deepcopy(tiny), "slim": slim, **more}, {}, "tiny")


@pytest.mark.parametrize("step, told", [
    ({"name": "Prune", "ratios": {"nothing.*": 0.5}}, r"slim\.steps\.1, Prune: ratios\.nothing\.\*: no convolution"),
    ({"name": "Prune", "ratio": 0.5, "exclude": ["bakbone"]}, r"slim\.steps\.1, Prune: exclude: bakbone"),
    ({"name": "Slimming", "keep": ["nothing"]}, r"slim\.steps\.1, Slimming: keep: nothing"),
    ({"name": "QAT", "keep_float": ["nothing.*"]}, r"slim\.steps\.1, QAT: keep_float nothing\.\*: no layer"),
    ({"name": "PTQ", "keep_float": ["nothing.*"]}, r"slim\.steps\.1, PTQ: keep_float nothing\.\*: no layer"),
    ({"name": "Distill", "teacher": "{start}", "features": [{"student": "nothing"}]},
     r"slim\.steps\.1, Distill: .*nothing")])
def test_options_that_do_not_go_with_the_net(tiny, trained, step, told):
    config = slimming(tiny, step, trained)
    with pytest.raises(ConfigError, match=told):
        pipeline.run(config)
    assert not list(Path(config.output).glob("0*"))  # so the mended config finds the folder free


def test_a_mistake_costs_nothing_of_the_run_that_was_to_be_replaced(tiny, trained):
    config = slimming(tiny, {"name": "Prune", "ratios": {"nothing.*": 0.5}}, trained)
    before = pipeline.planned(config)[0]
    mark(before, {}, done=True)
    with pytest.raises(ConfigError, match=r"slim\.steps\.1, Prune"):
        pipeline.run(config, overwrite=True)
    assert (before.folder / MARK).is_file()


def test_a_teacher_with_other_classes_or_a_damaged_one(tiny, data, trained, tmp_path):
    lines = (data / "labels.txt").read_text(encoding="utf-8").replace("green", "yellow")
    (data / "labels.txt").write_text(lines, encoding="utf-8")
    train(from_tree({**copy.deepcopy(tiny), "output": str(tmp_path / "other")}, {}, "tiny"))
    step = {"name": "Distill", "teacher": str(tmp_path / "other")}
    with pytest.raises(ConfigError, match=r"slim\.steps\.1, Distill: .*class"):
        pipeline.run(slimming(tiny, step, trained))
    (tmp_path / "other" / "best.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(ConfigError, match=r"slim\.steps\.1, Distill: .*damaged"):
        pipeline.run(slimming(tiny, step, trained))


def test_the_net_stays_and_a_run_without_a_start_is_tried_on_a_fresh_one(tiny, tmp_path):
    config = slimming(tiny, {"name": "Prune", "ratio": 0.5}, "later", output=str(tmp_path / "out"))
    config.slim.start = None
    rehearse(config, pipeline.planned(config))
    config.slim.steps[1] = {"name": "Prune", "ratios": {"nothing": 0.5}}
    with pytest.raises(ConfigError, match=r"slim\.steps\.1, Prune"):
        rehearse(config, pipeline.planned(config))
