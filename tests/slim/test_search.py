"""The search for the fewest layers in float, on losses made up by the number of layers."""

import pytest

from ppmobile.slim.loss import Loss
from ppmobile.slim.search import AccuracyError, counts, search

WORST = [f"layer{i}" for i in range(12)]


def by_count(drops):
    """A measure whose drop depends on how many layers are in float; and the list of those it was asked for."""
    asked = []

    def measure(keep_float):
        asked.append(len(keep_float))
        return Loss(1 - drops[len(keep_float)], 0.0)

    return measure, asked


def test_counts_grow_from_nothing_to_half():
    assert counts(12) == [0, 1, 2, 3, 4, 6]
    assert counts(40) == [0, 1, 2, 3, 4, 6, 9, 13, 19]
    assert counts(1) == counts(0) == [0]


def test_the_fewest_layers_that_do_are_taken_worst_first():
    measure, asked = by_count([0.3, 0.2, 0.009, 0.0, 0.0, 0.0, 0.0])
    found = search("paddle", WORST, (), measure, 0.01, print)
    assert found.keep_float == ("layer0", "layer1") and found.count == 2 and asked == [0, 1, 2]


def test_fixed_layers_are_always_in_float_and_come_on_top():
    measure, asked = by_count([1, 1, 0.0])
    found = search("paddle", WORST, ("head.fc", "stem"), measure, 0.01, print)
    assert found.keep_float == ("head.fc", "stem") and found.count == 0 and asked == [2]


def test_it_begins_where_it_is_told(capsys):
    measure, asked = by_count([0.0] * 7)
    assert search("lite", WORST, (), measure, 0.01, print, first=5).count == 6 and asked == [6]
    assert "lite: 6 of the worst layers in float" in capsys.readouterr().out


def test_a_start_beyond_the_last_try_is_the_last_try():
    measure, asked = by_count([0.0] * 7)
    assert search("lite", WORST, (), measure, 0.01, print, first=11).count == 6


def test_too_much_loss_tells_the_best_that_was_reached():
    measure, _ = by_count([0.3, 0.2, 0.15, 0.16, 0.2, 0, 0.2])
    with pytest.raises(AccuracyError, match=r"paddle: int8 loses 15.0% even with 2 layers in float .*--max-drop 0.01"):
        search("paddle", WORST, (), measure, 0.01, print)
