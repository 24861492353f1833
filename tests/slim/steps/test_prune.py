"""The step Prune: what it cuts of a trained net, that the cut net is a run to everybody, and what it refuses."""

import subprocess
import sys

import numpy as np
import paddle
import pytest

from ppmobile.config import from_tree
from ppmobile.engine import checkpoint, run
from ppmobile.errors import ConfigError
from ppmobile.models.structure import widths_of
from ppmobile.profiling.macs import count
from ppmobile.slim.pipeline import Works
from ppmobile.slim.stage import stage
from ppmobile.slim.steps import STEPS, Context

STEM, FIRST = "backbone.stem.conv", "backbone.blocks.0.pointwise.conv"
ANSWER = """
import sys
import numpy as np, paddle
from ppmobile.engine.run import restore
model = restore(sys.argv[1])[0]
image = paddle.to_tensor(np.load(sys.argv[2]))
with paddle.no_grad():
    np.save(sys.argv[3], model(image).numpy())
"""


@pytest.fixture
def net(trained):
    """(The tiny trained net, fresh for each test, and its Config)."""
    model, config, classes, _ = run.restore(trained)
    return model, config


def prune(net, **options):
    """Do the step to the net; what it said."""
    said = []
    step = STEPS.build({"name": "Prune", **options}, "slim.steps.0")
    step.apply(net[0], Context(net[1], ["a", "b", "c"], None, said.append))
    return "\n".join(said)


def image():
    """A random picture of the tiny net's size."""
    return np.random.default_rng(0).normal(size=(1, 3, 16, 16)).astype(np.float32)


def answer(model):
    """The logits of `image`."""
    with paddle.no_grad():
        return model(paddle.to_tensor(image())).numpy()


def test_nothing_is_the_identity(net):
    before = answer(net[0])
    assert "nothing was cut" in prune(net)
    assert (answer(net[0]) == before).all() and net[0].structure == {"widths": {}}


def test_the_least_filters_go_and_the_table_tells(net):
    model = net[0]
    built, weight = widths_of(model), dict(model.named_sublayers())[FIRST].weight.numpy()
    width = built[FIRST][1]
    kept = np.sort(np.argsort(-np.abs(weight).sum(axis=(1, 2, 3)))[:8])
    now = count(model, (1, 3, 16, 16))
    said = prune(net, ratios={"backbone.blocks.0.pointwise": 1 - 8 / width})
    assert (dict(model.named_sublayers())[FIRST].weight.numpy() == weight[kept]).all()
    assert FIRST in said and f"{width} ->     8" in said and STEM not in said
    after = count(model, (1, 3, 16, 16))
    assert f"({after.params / now.params - 1:+.1%})" in said and f"({after.macs / now.macs - 1:+.1%})" in said
    assert set(model.structure["widths"]) == {path for path, w in widths_of(model).items() if w != built[path]}


@pytest.mark.parametrize("importance", ["l1", "l2", "fpgm", "bn_gamma"])
def test_every_importance_cuts_to_the_same_widths(net, importance):
    prune(net, importance=importance, ratio=0.4, multiple_of=4)
    assert widths_of(net[0])[STEM] == [3, 8]  # 0.6 of 8 is 4.8, rounded up to a multiple of 4


def test_a_target_is_met(net):
    now = count(net[0], (1, 3, 16, 16))
    prune(net, target={"params": 0.5}, multiple_of=1)
    assert 0.4 * now.params < count(net[0], (1, 3, 16, 16)).params <= 0.5 * now.params


def test_a_sensitivity_table_proposes(net, tmp_path):
    file, width = tmp_path / "s.csv", widths_of(net[0])[FIRST][1]
    file.write_text(f"group,ratio,metric\n{FIRST},0,0.9\n{FIRST},0.5,0.9\n{STEM},0.5,0.2\n", encoding="utf-8")
    prune(net, sensitivity=str(file), drop=0.01, multiple_of=1)
    assert widths_of(net[0])[FIRST][1] == width // 2 and widths_of(net[0])[STEM][1] == 8
    file.write_text("group,ratio,metric\nhead.gone,0,0.9\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="tells of head.gone, which this net does not have"):
        prune(net, sensitivity=str(file))


@pytest.mark.parametrize(["options", "message"], [
    ({"ratios": {"backbone.steam": 0.5}}, "ratios.backbone.steam: no convolution"),
    ({"ratios": {"head.fc": 0.5}}, "head.fc cannot be cut, because"), ({"ratios": {"backbone": 1.0}}, "below 1, got 1"),
    ({"ratio": 1.0}, "ratio: must be"), ({"importance": "l3"}, "importance 'l3' is not supported"),
    ({"sensitivity": "s.csv", "ratio": 0.3}, "so ratio would do nothing; remove one of the two"),
    ({"multiple_of": 0}, "multiple_of must be at least 1"), ({"target": {"macs": 2}}, "target.macs"),
    ({"exclude": ["nothing"]}, "exclude: nothing"), ({"ratioes": {}}, "Did you mean")])
def test_refused_with_one_line_and_the_net_as_it_was(net, options, message):
    before, widths = answer(net[0]), widths_of(net[0])
    with pytest.raises(ConfigError, match=message) as error:
        prune(net, **options)
    assert "\n" not in str(error.value) and paddle.in_dynamic_mode()
    assert (answer(net[0]) == before).all() and widths_of(net[0]) == widths and net[0].structure == {}


def test_quantizers_are_refused(net):
    net[0].structure = {"qat": {}}
    with pytest.raises(ConfigError, match="holds quantizers of a QAT step.*; cut before QAT"):
        prune(net, ratio=0.5)


def test_saved_restored_in_a_fresh_process_and_pruned_again(tiny, trained, tmp_path):
    works = Works(resume=False, overwrite=False, command="test", say=lambda line: None)
    start = trained
    for place in range(2):
        tree = {**tiny, "output": str(tmp_path / f"图片 é {place}"),
                "slim": {"steps": [{"name": "Prune", "ratio": 0.5, "multiple_of": 4}]}}
        one = stage(from_tree(tree, {}, "tiny"), 0, start)
        works.carry_out(one, start)
        start = one.folder
    model = run.restore(start)[0]
    assert widths_of(model)[STEM][1] < 8 and checkpoint.load(start).structure == model.structure
    np.save(tmp_path / "image.npy", image())
    files = [str(start), str(tmp_path / "image.npy"), str(tmp_path / "answer.npy")]
    subprocess.run([sys.executable, "-c", ANSWER, *files], check=True, timeout=300)
    assert (np.load(tmp_path / "answer.npy") == answer(model)).all()
