"""Which slim steps pay; milliseconds and metrics are made up, the verdicts follow from the rule in keep.py."""

from ppmobile.slim.keep import fastest, judge
from ppmobile.slim.steps import Finetune, Prune, Slimming


def row(value, ms, int8=None):
    """A row whose start takes 10 ms; int8: (value, ms) of its int8 runtime."""
    runtimes = {"paddle-fp32": {"median_ms": ms}}
    if int8:
        runtimes["paddle-int8"] = {"median_ms": int8[1], "score": {"value": int8[0]}}
    return {"score": {"value": value}, "runtimes": runtimes, "start_ms": 10.0}


def verdicts(kinds, *rows, max_drop=0.01):
    """[keep] of rows after a start of 0.9 in 10 ms, and the last that paid."""
    rows = [row(0.9, 10.0), *rows]
    kept = judge(rows, kinds, max_drop)
    return [one["keep"] for one in rows[1:]], rows.index(kept)


def test_a_faster_net_that_keeps_its_metric_pays():
    assert verdicts([Finetune], row(0.895, 8.0)) == ([True], 1)


def test_too_much_lost():
    assert verdicts([Finetune], row(0.88, 2.0)) == ([False], 0)


def test_neither_faster_nor_better():
    assert verdicts([Finetune], row(0.9, 9.9)) == ([False], 0)


def test_better_pays_even_if_it_is_no_faster():
    assert verdicts([Finetune], row(0.91, 10.3)) == ([True], 1)


def test_a_cut_is_judged_by_what_comes_after_its_training():
    assert verdicts([Prune, Finetune], row(0.2, 5.0)) == ([None], 0)
    assert verdicts([Prune, Finetune], row(0.2, 5.0), row(0.9, 5.0)) == ([True, True], 2)
    assert verdicts([Slimming, Finetune], row(0.2, 5.0), row(0.9, 5.0)) == ([True, True], 2)
    assert verdicts([Prune, Prune], row(0.2, 5.0), row(0.9, 5.0)) == ([False, True], 2)


def test_int8_is_judged_by_its_own_metric_and_time():
    assert fastest(row(0.9, 5.0, (0.7, 2.0))) == (2.0, {"value": 0.7})
    assert verdicts([Prune], row(0.9, 10.0, (0.7, 2.0))) == ([False], 0)
    assert verdicts([Prune], row(0.9, 10.0, (0.895, 2.0))) == ([True], 1)


def test_each_step_is_measured_against_the_last_that_paid():
    assert verdicts([Finetune, Finetune], row(0.9, 5.0), row(0.9, 7.0)) == ([True, False], 1)
