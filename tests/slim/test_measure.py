"""What is measured of a net: its predicted cost by hand, scores on the net and on its files, comparisons."""

import pytest

from ppmobile.config import load
from ppmobile.slim import measure


@pytest.fixture(scope="module")
def net(trained):
    """The Net of `trained`."""
    return measure.Net(trained, load(trained / "config.yml"))


@pytest.fixture(scope="module")
def split(net):
    """Its Split val."""
    return measure.Split(net.config, "val", net.classes, net.saved.path)


def test_the_cost_of_a_cut_by_hand(net):
    widths = {path: list(width) for path, width in net.widths.items()}
    path = "backbone.blocks.0.pointwise"
    inputs, outputs = widths[f"{path}.conv"]
    cut = outputs // 2
    readers = {f"{path}.conv": [inputs, cut], f"{path}.bn": [cut, cut]}
    depthwise = "backbone.blocks.1.depthwise"
    readers.update({f"{depthwise}.conv": [cut, cut], f"{depthwise}.bn": [cut, cut]})
    after = widths["backbone.blocks.1.pointwise.conv"][1]
    readers["backbone.blocks.1.pointwise.conv"] = [cut, after]
    foretold = net.predicted({**widths, **readers})
    # kernels 1x1, 3x3 depthwise, 1x1; two learnt numbers a channel of each of two batch norms
    gone = outputs - cut
    params = inputs * gone + 9 * gone + gone * after + 2 * 2 * gone
    assert net.cost["params"] - foretold["params"] == params
    assert net.cost["bytes"] - foretold["bytes"] == 4 * (params + 2 * 2 * gone)  # and two statistics
    rows = {row.path: row for row in net.counted.layers}
    kept = sum(rows[name].macs for name in rows if name not in readers)
    halved = sum(rows[name].macs for name in readers if name in rows) // 2
    assert foretold["macs"] == kept + halved


def test_nothing_cut_costs_what_it_did(net):
    assert net.predicted(net.widths) == net.cost


def test_a_net_and_its_files_score_alike(net, split, exported):
    of_net, of_files = split.of_net(net.model), split.of_artefact(exported, "paddle-fp32", 1)
    assert of_files == of_net and of_net["low"] <= of_net["value"] <= of_net["high"]
    assert len(of_net["samples"]) == 200


def test_a_change_is_measured_on_the_same_pictures():
    now = {"value": 0.7, "samples": [0.6, 0.7, 0.8]}
    before = {"value": 0.6, "samples": [0.5, 0.6, 0.7]}
    # each resample gains 0.1, however far apart they are
    assert measure.change(now, before) == pytest.approx({"value": 0.1, "low": 0.1, "high": 0.1})


def test_bytes_of_the_files_of_a_runtime(exported):
    from ppmobile.artefact import read

    artefact = read(exported)
    files = [exported / name for name in ("inference.pdmodel", "inference.pdiparams")]
    assert measure.file_bytes(artefact, "paddle-fp32") == sum(file.stat().st_size for file in files)
    assert measure.file_bytes(artefact, "paddle-int8") is None
