"""Which slim steps pay; milliseconds and metrics are made up, the verdicts follow from the rule in keep.py."""

from ppmobile.slim.keep import fastest, judge
from ppmobile.slim.steps import PTQ, Distill, Finetune, Prune, Slimming


def score(value, *samples):
    """A score; samples: of its resamples, by default all alike."""
    return {"value": value, "samples": list(samples) or [value] * 4}


def row(value, ms, int8=None):
    """A row whose start takes 10 ms; int8: (value, ms) of its int8 runtime."""
    runtimes = {"paddle-fp32": {"median_ms": ms, "error": 0.0}}
    if int8:
        runtimes["paddle-int8"] = {"median_ms": int8[1], "error": 0.0, "score": score(int8[0])}
    return {"score": score(value), "runtimes": runtimes, "start_ms": 10.0}


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


def test_a_gain_of_the_metric_that_chance_explains_is_none():
    one = row(0.91, 10.0)
    one["score"] = score(0.91, 0.89, 0.91, 0.92, 0.92)  # against 0.9 on each resample: one of four is worse
    assert verdicts([Finetune], one) == ([False], 0) and "neither surely better" in one["why"]
    one["score"] = score(0.91, 0.905, 0.91, 0.91, 0.915)
    assert verdicts([Finetune], one) == ([True], 1)


def test_a_cut_waits_for_all_trainings_that_follow_at_once_until_it_pays():
    cut, poor, good = row(0.2, 5.0), row(0.8, 5.0), row(0.9, 5.0)
    assert verdicts([Slimming, Distill, Distill], cut, poor) == ([None, None], 0)
    assert verdicts([Slimming, Distill, Distill], cut, poor, good) == ([True, True, True], 3)
    assert verdicts([Slimming, Distill, Distill], cut, poor, poor) == ([False, False, False], 0)
    assert verdicts([Slimming, Distill, Distill], cut, good, poor) == ([True, True, False], 2)
    assert verdicts([Prune, Distill, PTQ], cut, poor, good) == ([False, False, True], 3)
    assert verdicts([Finetune, Finetune], poor) == ([False], 0)  # no cut: with undo the next begins without it


def test_the_verdict_names_the_runtime_that_it_judges():
    one = row(0.9, 10.0, (0.895, 2.0))
    verdicts([PTQ], one)
    assert one["why"] == "0.5 points below the start on paddle-int8, 5.00x the speed before"


def test_int8_is_judged_by_its_own_metric_and_time():
    assert fastest(row(0.9, 5.0, (0.7, 2.0))) == (2.0, score(0.7))
    assert verdicts([Prune], row(0.9, 10.0, (0.7, 2.0))) == ([False], 0)
    assert verdicts([Prune], row(0.9, 10.0, (0.895, 2.0))) == ([True], 1)


def test_each_step_is_measured_against_the_last_that_paid():
    assert verdicts([Finetune, Finetune], row(0.9, 5.0), row(0.9, 7.0)) == ([True, False], 1)


def test_a_cut_is_judged_by_a_training_that_comes_later():
    cuts, good = [row(0.2, 5.0), row(0.1, 4.0)], row(0.9, 4.0)
    assert verdicts([Slimming, Prune, Distill], *cuts, good) == ([True, True, True], 3)
    assert verdicts([Prune, Prune, Distill], *cuts) == ([None, None], 0)
    assert verdicts([Prune, Distill, PTQ], row(0.2, 5.0), row(0.9, 5.0), row(0.9, 5.0)) == ([True, True, False], 2)


def test_what_is_lost_may_be_all_that_is_allowed():
    assert 0.9 - 0.89 > 0.01  # in binary fractions
    assert verdicts([Finetune], row(0.89, 5.0)) == ([True], 1)


def test_a_gain_that_the_noise_of_the_machine_explains_is_none():
    one = row(0.9, 9.0)  # 1.11x
    assert verdicts([Finetune], one) == ([True], 1)
    one["runtimes"]["paddle-fp32"]["error"] = 0.06
    assert verdicts([Finetune], one) == ([False], 0) and "more than 1.12x" in one["why"]


def test_a_single_turn_tells_no_noise_so_much_is_assumed():
    one = row(0.9, 9.0)
    one["runtimes"]["paddle-fp32"]["error"] = None
    assert verdicts([Finetune], one) == ([False], 0) and "more than 1.20x" in one["why"]  # 1 + 2 * 0.1


def test_files_that_were_scored_are_judged_by_that():
    one = row(0.95, 5.0)
    one["runtimes"]["paddle-fp32"]["score"] = score(0.7)  # of a net in simulated int8, as it runs in float
    assert verdicts([Finetune], one) == ([False], 0)
