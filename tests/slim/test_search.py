"""The search for the fewest layers in float, on losses made up by the number of layers."""

import pytest

from ppmobile.slim.loss import Loss
from ppmobile.slim.search import AccuracyError, fewest, search

WORST = [f"layer{i}" for i in range(12)]


def by_count(drops):
    """A measure whose drop depends on how many layers are in float; and the list of those it was asked for."""
    asked = []

    def measure(keep_float):
        asked.append(len(keep_float))
        return Loss(1 - drops[len(keep_float)])

    return measure, asked


@pytest.mark.parametrize("most", [0, 1, 2, 5, 26])
def test_any_start_leads_to_the_fewest_in_few_tries(most):
    for needed in range(most + 2):  # one more than most: nothing passes
        for first in range(most + 3):
            found, tried = try_all(needed, most, first)
            assert found == (needed if needed <= most else None)
            assert len(tried) == len(set(tried)) and max(tried) <= most
            distance = abs(min(first, most) - needed)
            assert len(tried) <= 2 + 2 * distance.bit_length()  # steps that double, then halving


def try_all(needed, most, first):
    """(what `fewest` finds, what it tried) where `needed` layers and more pass."""
    tried = []
    return fewest(lambda count: tried.append(count) or count >= needed, most, first), tried


def test_where_the_losses_are_uneven_one_layer_less_fails():
    passing = {0: False, 1: True, 2: False, 3: False, 4: True, 5: True, 6: True, 7: True}
    assert fewest(passing.get, 7, 3) == 4 and fewest(passing.get, 7, 7) == 1


def test_the_fewest_layers_that_do_are_taken_worst_first():
    measure, asked = by_count([0.3, 0.2, 0.009, 0.0, 0.0, 0.0, 0.0])
    found = search("paddle", WORST, (), measure, 0.01, print)
    assert found.keep_float == ("layer0", "layer1") and found.count == 2 and asked == [0, 1, 3, 2]
    assert found.loss.drop == pytest.approx(0.009)  # of two layers, not of the last try


def test_fixed_layers_are_always_in_float_and_come_on_top():
    measure, asked = by_count([1, 1, 0.0])
    found = search("paddle", WORST, ("head.fc", "stem"), measure, 0.01, print)
    assert found.keep_float == ("head.fc", "stem") and found.count == 0 and asked == [2]


def test_it_begins_where_it_is_told(capsys):
    measure, asked = by_count([1, 1, 1, 1, 1, 0.0, 0.0])
    assert search("lite", WORST, (), measure, 0.01, print, first=5).count == 5 and asked == [5, 4]
    assert "lite: 5 of the worst layers in float" in capsys.readouterr().out


def test_a_start_that_is_too_high_leads_down_to_none():
    measure, asked = by_count([0.0] * 13)
    assert search("lite", WORST, (), measure, 0.01, print, first=9).count == 0 and asked == [6, 5, 3, 1, 0]


def test_too_much_loss_tells_the_best_and_how_far_it_went():
    measure, asked = by_count([0.3, 0.15, 0, 0.16, 0, 0, 0.2])
    with pytest.raises(AccuracyError, match=r"^paddle: int8 loses more than --max-drop 0.01 with up to 6 layers in "
                                            r"float, at best 15.0% with 1 \(85.0% answers as fp32\)"):
        search("paddle", WORST, (), measure, 0.01, print)
    assert asked == [0, 1, 3, 6]
