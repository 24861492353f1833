"""The step Slimming: a training with the penalty, and the cut after it."""

import numpy as np
import pytest

from ppmobile.config import from_tree
from ppmobile.engine import checkpoint, run
from ppmobile.engine.run import train
from ppmobile.errors import ConfigError
from ppmobile.models.structure import widths_of
from ppmobile.slim.pipeline import Works
from ppmobile.slim.stage import stage
from ppmobile.slim.steps import STEPS, Context


@pytest.fixture
def slim_tiny(tiny):
    """`tiny` on a net of inverted residuals."""
    return {**tiny, "model": {"backbone": {"name": "MobileNetV2", "scale": 0.25, "out_strides": [2, 4]}},
            "train": {**tiny["train"], "epochs": 1}}


def spread_gammas(folder):
    """Give the net of a run gammas that differ, as a long training would."""
    saved, rng = checkpoint.load(folder), np.random.default_rng(0)
    for key, value in saved.arrays.items():
        if key.endswith("bn.weight"):
            saved.arrays[key] = rng.uniform(0.5, 1.5, value.shape).astype(np.float32)
    saved.save(saved.path)


def test_training_presses_gammas_and_the_result_is_cut(slim_tiny):
    start = f"{slim_tiny['output']}_start"
    train(from_tree({**slim_tiny, "output": start}, {}, "tiny"))
    spread_gammas(start)
    step = {"name": "Slimming", "penalty": 0.05, "ratio": 0.4}
    one = stage(from_tree({**slim_tiny, "slim": {"steps": [step]}}, {}, "tiny"), 0, start)
    Works(resume=False, overwrite=False, command="test", say=lambda line: None).carry_out(one, start)
    whole, cut = widths_of(run.restore(one.training)[0]), widths_of(run.restore(one.folder)[0])
    assert checkpoint.load(one.training).structure == {}
    changed = {path for path in whole if whole[path] != cut[path]}
    assert changed and not any(path.startswith("backbone.blocks.0.") for path in changed)
    for path in changed:  # an expansion, what follows it, and what reads it
        assert path.split(".")[3] in ("expand", "depthwise", "project")
        assert cut[path][0] % 8 == 0 or cut[path][0] == whole[path][0]

    def total(folder):
        """Sum of all |gamma|."""
        weights = checkpoint.load(folder).weights()
        return sum(np.abs(value).sum() for key, value in weights.items() if key.endswith("bn.weight"))

    plain = f"{slim_tiny['output']}_plain"
    train(from_tree({**slim_tiny, "output": plain, "slim": {"start": start, "steps": [{"name": "Finetune"}]}}, {}, "t"))
    assert total(one.training) < total(plain)


def test_what_cannot_be_cut_is_told_before_the_training(slim_tiny):
    train(from_tree(slim_tiny, {}, "tiny"))
    model, config, classes, _ = run.restore(slim_tiny["output"])
    context = Context(config, classes, None, lambda line: None)
    for options, message in (({"keep": ["backbone"]}, "no batch norm whose channels can be cut"),
                             ({"keep": ["backbone.blocs"]}, "keep: backbone.blocs: no conv")):
        with pytest.raises(ConfigError, match=message):
            STEPS.build({"name": "Slimming", **options}, "s").apply(model, context)
    model.structure = {"qat": {}}
    with pytest.raises(ConfigError, match="holds quantizers of a QAT step.*; cut before QAT"):
        STEPS.build({"name": "Slimming"}, "s").apply(model, context)


def test_a_penalty_on_frozen_batch_norms_is_told_before_the_training(slim_tiny):
    train(from_tree(slim_tiny, {}, "tiny"))
    model, _, classes, _ = run.restore(slim_tiny["output"])

    def apply(frozen, **options):
        """What the step says where train.freeze_bn is that."""
        config = from_tree({**slim_tiny, "train": {**slim_tiny["train"], "freeze_bn": frozen}}, {}, "tiny")
        said = []
        step, context = STEPS.build({"name": "Slimming", **options}, "s"), Context(config, classes, None, said.append)
        for method in (step.rehearse, step.apply):
            method(model, context)
        return said

    with pytest.raises(ConfigError, match=r"train.freeze_bn keeps backbone.blocks.1.expand.bn as it is.*`train: "
                                          r"\{freeze_bn: \[\]\}`, or penalty: 0"):
        apply(["backbone.*"])
    assert apply(["backbone.*"], penalty=0.0) and apply([])
    assert apply(["backbone.stem.*"])  # is not compared


def test_relative_cuts_no_layer_for_the_scale_of_its_gammas(slim_tiny):
    start = slim_tiny["output"]
    train(from_tree(slim_tiny, {}, "tiny"))
    spread_gammas(start)

    def cut_layers(relative):
        """Paths of the expansions that the cut makes narrower, in a net with one layer of tiny gammas."""
        model, config, classes, _ = run.restore(start)
        gammas = dict(model.named_sublayers())["backbone.blocks.1.expand.bn"].weight
        gammas.set_value(gammas.numpy() * 0.01)
        whole = widths_of(model)
        step = STEPS.build({"name": "Slimming", "ratio": 0.4, "relative": relative}, "s")
        step.finish(model, Context(config, classes, None, lambda line: None))
        cut = widths_of(model)
        return {path for path in whole if path.endswith("expand.conv") and cut[path] != whole[path]}

    assert cut_layers(False) == {"backbone.blocks.1.expand.conv"}
    assert cut_layers(True) == {"backbone.blocks.1.expand.conv", "backbone.blocks.2.expand.conv"}


@pytest.mark.parametrize("options", [{"ratio": 1.0}, {"ratio": -0.1}, {"penalty": -1.0}, {"multiple_of": 0}])
def test_refused_options(options):
    with pytest.raises(ConfigError):
        STEPS.build({"name": "Slimming", **options}, "s")
