"""How many channels stay: multiples of 8, patterns and their errors, sensitivities, and the search for a target."""

import numpy as np
import pytest
from cut_nets import net_of
from hypothesis import given
from hypothesis import strategies as st
from paddle import nn

from ppmobile.errors import ConfigError
from ppmobile.models.blocks import ConvBN
from ppmobile.slim.coupling import couple
from ppmobile.slim.select import (
    STRONGEST,
    best,
    check_ratio,
    keep_mask,
    kept_width,
    ratios_by_pattern,
    ratios_from_sensitivity,
    read_sensitivity,
    solve,
    stronger,
)


class Net(nn.Layer):
    """Two convolutions with a depthwise one between them, and an output."""

    def __init__(self):
        super().__init__()
        self.stem, self.depthwise = ConvBN(3, 16, 3), ConvBN(16, 16, 3, groups=16)
        self.neck, self.last = ConvBN(16, 24, 1), nn.Conv2D(24, 4, 1)

    def forward(self, image):
        """A list of one map of 4 channels."""
        return [self.last(self.neck(self.depthwise(self.stem(image))))]


@pytest.fixture(scope="module")
def coupling():
    """The Coupling of the net: groups of 16 and 24 channels."""
    return couple(net_of(Net()), (8, 8))


STEM, NECK = "backbone.stem.conv", "backbone.neck.conv"
NONE = {STEM: 0.0, NECK: 0.0}


@pytest.mark.parametrize(["width", "ratio", "multiple_of", "want"], [
    (80, 0.3, 8, 56), (256, 0.75, 8, 64), (64, 0.3, 8, 48), (20, 0.1, 8, 20), (20, 0.5, 8, 16), (6, 0.9, 8, 6),
    (100, 0.999, 8, 8), (10, 0.35, 1, 7), (3, 0.99, 1, 1), (24, 0.0, 8, 24), (24, 0.0, 16, 24)])
def test_kept_width(width, ratio, multiple_of, want):
    """By hand: the share that stays, rounded up to a multiple, at most the width."""
    assert kept_width(width, ratio, multiple_of) == want


@given(width=st.integers(1, 3000), ratio=st.floats(0, 0.999), multiple_of=st.sampled_from([1, 4, 8, 16]))
def test_kept_width_is_a_multiple_or_all(width, ratio, multiple_of):
    kept = kept_width(width, ratio, multiple_of)
    assert 0 < kept <= width and (kept == width or kept % multiple_of == 0)
    assert kept >= width * (1 - ratio) - 1e-6 and kept - width * (1 - ratio) < multiple_of + 1e-6


def test_best_keeps_order_and_the_first_of_equals():
    assert best(np.array([1.0, 3.0, 2.0, 3.0, 2.0]), 3).tolist() == [1, 2, 3]


def test_mask(coupling):
    scores = {STEM: np.arange(16.0), NECK: np.arange(24.0)[::-1]}
    keep = keep_mask(coupling, scores, {STEM: 0.5, NECK: 0.6})
    assert np.flatnonzero(keep[coupling.outputs[STEM]]).tolist() == list(range(8, 16))
    assert np.flatnonzero(keep[coupling.outputs[NECK]]).tolist() == list(range(16))
    assert keep[coupling.outputs["backbone.last"]].all()


def test_the_first_pattern_counts_and_excluded_layers_stay(coupling):
    found = ratios_by_pattern(coupling, {"*.stem*": 0.25, "backbone": 0.5}, NONE)
    assert found == {STEM: 0.25, NECK: 0.5}
    assert ratios_by_pattern(coupling, {NECK: 0.5}, {STEM: 0.1, NECK: 0.1}) == {STEM: 0.1, NECK: 0.5}
    assert ratios_by_pattern(coupling, {"backbone": 0.5}, NONE, ["backbone.neck"]) == {STEM: 0.5, NECK: 0.0}
    ratios_by_pattern(coupling, {}, NONE, ["backbone.last"])  # cannot be cut anyway


@pytest.mark.parametrize(["ratios", "exclude", "message"], [
    ({"backbone.steam": 0.5}, (), r"ratios.backbone.steam: no convolution .* Did you mean 'backbone.stem"),
    ({"neck": 0.5}, (), "ratios.neck: "), ({"backbone.last": 0.5}, (), "backbone.last cannot be cut, because its chan"),
    ({"backbone.depthwise": 0.5}, (), "backbone.depthwise.conv has the channels of backbone.stem.conv"),
    ({"backbone": 1.0}, (), "ratios.backbone: must be the share .* below 1, got 1.0"),
    ({"backbone": True}, (), "got True"), ({"backbone": "0.5"}, (), "got '0.5'"), ({"backbone": -0.1}, (), "-0.1"),
    ({"backbone": float("nan")}, (), "nan"), ({}, ["hed"], "exclude: hed: ")])
def test_refused_patterns(coupling, ratios, exclude, message):
    with pytest.raises(ConfigError, match=message) as error:
        ratios_by_pattern(coupling, ratios, NONE, exclude)
    assert "\n" not in str(error.value)


def test_ratio_of_one():
    with pytest.raises(ConfigError, match="^ratio: must be"):
        check_ratio(1, "ratio")


def row(group, ratio, metric):
    """A row of a sensitivity table."""
    return {"group": group, "ratio": ratio, "metric": metric}


def test_ratios_from_sensitivity_in_proportion():
    rows = [row("a", 0, 0.9), row("a", 0.2, 0.88), row("a", 0.4, 0.80), row("b", 0.5, 0.9), row("c", 0.5, 0.4),
            row("d", 0.1, 0.5), row("d", 0.5, 0.95)]
    found = ratios_from_sensitivity(rows, 0.04)
    # a: from 0.88 at 0.2 to 0.80 at 0.4, 0.86 is passed at a quarter; b: nothing is known beyond 0.5; c: 0.04 of 0.5;
    # d: what comes after a ratio that costs too much does not count
    assert found == pytest.approx({"a": 0.25, "b": 0.5, "c": 0.04, "d": 0.01})


def test_a_table_without_the_whole_net_is_refused():
    with pytest.raises(ConfigError, match="no row of ratio 0"):
        ratios_from_sensitivity([row("a", 0.5, 0.9)], 0.1)


def test_read_sensitivity(tmp_path):
    file = tmp_path / "图片 é.csv"
    file.write_text("group,ratio,metric\na.b,0.25,0.5\n", encoding="utf-8")
    assert read_sensitivity(file) == [row("a.b", 0.25, 0.5)]
    for text in ("group,ratio\na,1\n", "group,ratio,metric\na,x,1\n"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError, match="is no table of group, ratio, metric"):
            read_sensitivity(file)
    with pytest.raises(ConfigError, match="ppmobile slim sensitivity"):
        read_sensitivity(tmp_path / "none.csv")


def test_stronger():
    assert stronger({"a": 0.5, "b": 0.0}, 2) == {"a": 0.75, "b": 0.0}
    check_ratio(stronger({"a": 0.5}, STRONGEST)["a"], "a")  # 0.5 ** 64 is nothing beside 1
    assert stronger({"a": 0.5}, 0) == {"a": 0.0} and stronger({"a": 0.3}, 1)["a"] == pytest.approx(0.3)


@given(limit=st.floats(0.1, 1.0))
def test_solve_finds_the_weakest_cut(limit):
    def steps(power):
        """A cost that falls in steps of 0.05, as widths do."""
        return np.ceil(20 * 0.7**power) / 20

    power = solve(steps, limit)
    assert steps(power) <= limit and (power == 0 or steps(power - 1e-6) > limit)


def test_solve_says_when_there_is_none():
    assert solve(lambda power: 1.0, 0.5) is None and solve(lambda power: 1.0, 1.0) == 0.0
