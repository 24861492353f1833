"""Learning rates against values worked out by hand."""

import pytest

from ppmobile.engine.schedule import Constant, Cosine, Polynomial, Step, rate


@pytest.mark.parametrize("schedule, step, expected", [
    (Constant(), 99, 1.0),
    (Cosine(), 0, 1.0), (Cosine(), 50, 0.5), (Cosine(), 25, 0.5 * (1 + 2 ** -0.5)), (Cosine(floor=0.1), 100, 0.1),
    (Step(milestones=(3, 6), gamma=0.1), 29, 1.0), (Step(milestones=(3, 6), gamma=0.1), 30, 0.1),
    (Step(milestones=(3, 6), gamma=0.1), 60, 0.01),
    (Polynomial(power=2), 50, 0.25), (Polynomial(floor=0.5), 50, 0.75),
])
def test_ten_epochs_of_ten_steps(schedule, step, expected):
    assert rate(schedule, 2.0, step, 10, 10, 0) == pytest.approx(2.0 * expected)


def test_warm_up_is_a_line_to_the_peak():
    # 1.5 epochs of 4 steps: 6 steps of peak * 1/7 ... 6/7, then the schedule takes over
    rates = [rate(Constant(), 0.7, step, 4, 10, 1.5) for step in range(8)]
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.7])


def test_steps_past_the_end_stay_at_the_floor():
    assert rate(Cosine(floor=0.01), 1.0, 500, 10, 10, 0) == pytest.approx(0.01)
