"""Signal-to-quantization-noise ratios against hand calculation, and the list they propose."""

import csv

import numpy as np
import pytest

from ppmobile.export.program import load_graph, run_graph
from ppmobile.slim import sqnr
from ppmobile.slim.qat.graph import quantize_graph
from ppmobile.slim.quantizers import layers, scales, set_scales

INF = float("inf")


def test_decibels():
    # 10 log10(400 / 4) = 20; an error as large as the signal is 0 dB, none at all infinite
    assert sqnr.decibels(400.0, 4.0) == pytest.approx(20.0) and sqnr.decibels(3.0, 3.0) == 0.0
    assert sqnr.decibels(1.0, 0.0) == INF and sqnr.decibels(0.0, 1.0) < -1000


def test_ratios_are_those_of_the_sums_over_all_pictures(exported, gathered):
    # the formula again, in NumPy, on the outputs of both graphs
    fp32, int8, images = load_graph(exported), sqnr.simulate(exported, gathered[0].images[:2]), gathered[0].images[:2]
    names = {layer: op.output_arg_names[0] for layer, op in layers(fp32).items()}
    found = sqnr.ratios(fp32, int8, names, names, images)
    for layer in ("backbone.stem.conv", "head.fc"):
        name = names[layer]
        x, q = (np.stack([run_graph(graph, image[None], [name])[name] for image in images]).astype(float)
                for graph in (fp32, int8))
        assert found[layer] == pytest.approx(10 * np.log10((x**2).sum() / ((x - q) ** 2).sum()))


def test_the_first_layer_has_no_noise_but_its_own_and_the_last_has(exported, gathered):
    images = gathered[0].images[:2]
    rows = {row.layer: row for row in sqnr.compare(exported, sqnr.simulate(exported, images), images)}
    assert rows["backbone.stem.conv"].whole == pytest.approx(rows["backbone.stem.conv"].alone, abs=0.1)
    assert rows["head.fc"].whole < rows["head.fc"].alone


def test_a_layer_with_a_bad_range_is_the_worst_and_is_proposed(exported, gathered):
    images = gathered[0].images[:2]
    int8 = sqnr.simulate(exported, images)
    layer = list(scales(int8))[2]
    set_scales(int8, {layer: 100 * scales(int8)[layer]})  # a step is nearly as large as the greatest value
    rows = sqnr.compare(exported, int8, images)
    assert rows[0].layer == layer and rows[0].alone < 6 and sqnr.propose(rows) == [layer]


def test_a_bad_layer_that_is_in_float_already_is_proposed_all_the_same(exported, gathered, monkeypatch):
    fp32, images = load_graph(exported), gathered[0].images[:2]
    ranges = sqnr.limits(fp32, images)
    layer = list(ranges)[2]
    whole = sqnr.compare(exported, sqnr.simulate(exported, images), images)
    without = quantize_graph(load_graph(exported), {name: ranges[name] for name in ranges if name != layer})
    rows = sqnr.compare(exported, without, images)
    alone = {row.layer: row.alone for row in whole}
    assert {row.layer: row.alone for row in rows} == pytest.approx(alone) and alone[layer] < INF
    monkeypatch.setattr(sqnr, "limits", lambda graph, images: {**ranges, layer: 100 * ranges[layer]})
    assert sqnr.propose(sqnr.compare(exported, without, images)) == [layer]


def test_ranges_are_the_mean_of_the_greatest_values(exported, gathered):
    images = gathered[0].images[:3]
    want = np.mean([np.abs(image).max() for image in images])
    assert scales(sqnr.simulate(exported, images))["backbone.stem.conv"] == pytest.approx(float(want))


def test_table_and_file(tmp_path):
    rows = [sqnr.Row("head.fc", 3.0, 6.0), sqnr.Row("backbone.stem.conv", INF, INF)]
    assert sqnr.table(rows)[-1] == "below 15 dB by themselves, keep_float: [head.fc]"
    sqnr.write_csv(rows, tmp_path / "层 é.csv")
    with (tmp_path / "层 é.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1:] == [["head.fc", "3.000", "6.000"], ["backbone.stem.conv", "inf", "inf"]]
