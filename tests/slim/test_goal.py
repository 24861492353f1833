"""Targets: what they may say, and that a share of MACs or parameters is met by the weakest cut."""

import numpy as np
import pytest
from cut_nets import SIZE, classifier

from ppmobile.config import load
from ppmobile.errors import ConfigError
from ppmobile.models.backbones import PPLCNet
from ppmobile.profiling.macs import count
from ppmobile.slim import goal
from ppmobile.slim.coupling import couple
from ppmobile.slim.cut import predicted
from ppmobile.slim.goal import check_target, power_for
from ppmobile.slim.measure import Net
from ppmobile.slim.select import keep_mask, stronger
from ppmobile.slim.steps import Context


@pytest.mark.parametrize("target", [{}, {"macs": 0.5}, {"params": 1}, {"ms": 3}, {"ms": 1.5, "runtime": "onnx-fp32"}])
def test_accepted(target):
    check_target(target)


@pytest.mark.parametrize(["target", "message"], [
    ({"mac": 0.5}, "target.mac: unknown. Did you mean 'macs'"), ({"macs": 0}, "target.macs: must be the share to keep"),
    ({"params": 1.5}, "up to 1, got 1.5"), ({"ms": True}, "target.ms: must be milliseconds"),
    ({"macs": 0.5, "ms": 3}, "wants one of"), ({"macs": 0.5, "runtime": "paddle-fp32"}, "only beside ms"),
    ({"runtime": "paddle-fp32"}, "wants one of"), ({"ms": 3, "runtime": "paddle-fp23"}, "Did you mean 'paddle-fp32'"),
    ({"ms": 3, "runtime": "onnx-int8"}, "target.runtime: onnx-int8: .* not quantized yet; name a runtime in fp32")])
def test_refused(target, message):
    with pytest.raises(ConfigError, match=message):
        check_target(target)


@pytest.fixture(scope="module")
def net():
    """(Model, Coupling, function from a power to the mask)."""
    model = classifier(PPLCNet(0.25, [8]))
    coupling = couple(model, SIZE)
    scores = {group.name: np.arange(group.width) for group in coupling.groups}
    ratios = {group.name: 0.5 for group in coupling.groups}
    return model, coupling, lambda power: keep_mask(coupling, scores, stronger(ratios, power), 1)


@pytest.mark.parametrize("goal_name", ["macs", "params"])
def test_a_share_is_met_and_hardly_more(net, goal_name):
    model, coupling, keep = net
    now = count(model, (1, 3, *SIZE))
    power = power_for({goal_name: 0.5}, model, coupling, keep, SIZE, None)
    place, whole = (0, now.macs) if goal_name == "macs" else (1, now.params)
    assert predicted(model, coupling, keep(power), now)[place] <= 0.5 * whole
    assert predicted(model, coupling, keep(power - 1e-6), now)[place] > 0.5 * whole


def test_out_of_reach_says_what_the_strongest_cut_leaves(net):
    with pytest.raises(ConfigError, match=r"target.macs: 1e-06 cannot be met .* leaves \d.* macs where"):
        power_for({"macs": 1e-6}, *net, SIZE, None)


def test_a_cut_net_is_really_timed(trained, monkeypatch):
    run = Net(trained, load(trained / "config.yml"))
    coupling = couple(run.model, (16, 16))
    scores = {group.name: np.arange(group.width) for group in coupling.groups}
    mask = keep_mask(coupling, scores, {group.name: 0.5 for group in coupling.groups}, 1)
    monkeypatch.setattr(goal, "RUNS", 3)
    said = []
    context = Context(run.config, list(run.classes), trained, said.append)
    assert 0 < goal._measured(run.model, coupling, mask, "paddle-fp32", context) < 1000
    assert f"on paddle-fp32 with {mask.sum()} of {len(mask)} channels" in said[0] and run.model.structure == {}
    with pytest.raises(ConfigError, match="target.runtime: paddle-int8 cannot time a net that is being cut"):
        goal._measured(run.model, coupling, mask, "paddle-int8", context)


def test_a_cut_net_is_exported_for_the_runtime_that_times_it(trained):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("paddle2onnx")
    run = Net(trained, load(trained / "config.yml"))
    coupling = couple(run.model, (16, 16))
    context = Context(run.config, list(run.classes), trained, lambda line: None)
    assert 0 < goal._measured(run.model, coupling, np.ones(coupling.count, bool), "onnx-fp32", context) < 1000


def test_a_time_is_measured_for_few_candidates(net, monkeypatch):
    model, coupling, keep = net
    asked = []

    def timed(model, coupling, mask, runtime, context):
        """A clock: 10 ms for the whole net, in proportion to the channels kept."""
        asked.append(runtime)
        return 10 * mask.mean()

    monkeypatch.setattr(goal, "_measured", timed)
    power = power_for({"ms": 7.0, "runtime": "onnx-fp32"}, model, coupling, keep, SIZE, None)
    assert 6.0 < 10 * keep(power).mean() <= 7.0
    assert set(asked) == {"onnx-fp32"} and len(asked) == 2 + goal.HALVINGS
