"""The ranking of layers on the tiny net, one of whose layers is given a useless range."""

import numpy as np
import pytest

from ppmobile.artefact import read
from ppmobile.export.program import load_graph, save_graph
from ppmobile.slim.judge import judge_of
from ppmobile.slim.quantizers import layers, scales, set_scales
from ppmobile.slim.rank import Ranked, answers, least_inputs, merge, rank


@pytest.fixture
def judge(exported):
    """That of the tiny classifier."""
    return judge_of(read(exported))


@pytest.fixture
def spoiled(calibrated, tmp_path):
    """The calibration with a range for the stem that cuts nearly all of its input off."""
    graph = load_graph(calibrated["abs_max"])
    set_scales(graph, {"backbone.stem.conv": 1e-3})
    save_graph(graph, tmp_path / "spoiled")
    return {"abs_max": calibrated["abs_max"], "spoiled": tmp_path / "spoiled"}


def test_the_layer_that_is_hurt_comes_first(exported, gathered, spoiled, judge):
    names = ["head.fc", "backbone.stem.conv"]
    ranking = rank(exported, {"spoiled": spoiled["spoiled"]}, names, gathered[0].images[:3], judge)
    assert [entry.layer for entry in ranking] == ["backbone.stem.conv", "head.fc"]
    assert ranking[0].error > 2 * ranking[1].error


def test_the_better_range_is_chosen_and_merged(exported, gathered, spoiled, judge, tmp_path):
    ranking = rank(exported, spoiled, ["backbone.stem.conv"], gathered[0].images[:3], judge)
    assert ranking[0].algorithm == "abs_max" and set(ranking[0].errors) == {"abs_max", "spoiled"}
    merge({"spoiled": spoiled["spoiled"], "abs_max": spoiled["abs_max"]}, ranking, tmp_path / "merged")
    assert scales(load_graph(tmp_path / "merged")) == scales(load_graph(spoiled["abs_max"]))


def test_the_worst_of_the_layers_that_share_an_input_decides_on_its_range(calibrated, share_input, tmp_path):
    stem, fc = "backbone.stem.conv", "head.fc"
    for algorithm, value in (("a", 2.0), ("b", 3.0)):
        graph = load_graph(calibrated["abs_max"])
        outputs = share_input(graph, stem, fc)
        set_scales(graph, {stem: value})
        save_graph(graph, tmp_path / algorithm, outputs)
    ranking = [Ranked(stem, {"a": 0.1, "b": 0.9}), Ranked(fc, {"a": 0.05, "b": 0.01})]
    done = merge({name: tmp_path / name for name in "ab"}, ranking, tmp_path / "merged")
    found = scales(load_graph(tmp_path / "merged"))
    assert found[stem] == found[fc] == 2.0
    assert [(entry.layer, entry.algorithm, entry.error) for entry in done] == [(stem, "a", 0.1), (fc, "a", 0.05)]


def test_ranked_takes_the_least_error():
    assert (Ranked("x", {"a": 2.0, "b": 1.0}).algorithm, Ranked("x", {"a": 2.0, "b": 1.0}).error) == ("b", 1.0)


def test_answers_are_what_the_judge_reads(exported, gathered, judge):
    found = answers(load_graph(exported), gathered[0].images[:3], judge.read)
    assert [one.shape for one in found] == [(3,)] * 3
    np.testing.assert_allclose(np.sum(found, axis=1), 1, rtol=1e-5)


def test_least_inputs(exported, gathered):
    found = least_inputs(load_graph(exported), gathered[0].images[:2])
    assert set(found) == set(layers(load_graph(exported)))
    assert found["backbone.stem.conv"] == pytest.approx(float(gathered[0].images[:2].min()))
    assert found["head.fc"] >= 0  # MobileNetV1 ends in a ReLU
