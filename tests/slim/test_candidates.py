"""Candidates of a search for a budget: how long a net takes, what a busy machine makes of that, and their int8."""

import pytest
from budgets import wanted

from ppmobile.artefact import read
from ppmobile.errors import ExportError, PPMobileError
from ppmobile.slim import calibrate, candidates, targets
from ppmobile.slim.candidates import Candidates, Yardstick, rough_int8, steadiest, timed
from ppmobile.slim.select import STRONGEST
from ppmobile.slim.steps import STEPS


def tried(trained, tmp_path):
    """The Candidates of `trained`."""
    return Candidates(wanted(trained, tmp_path), trained, lambda line: None)


def test_the_strongest_cut_is_a_step_that_can_be_done(trained, tmp_path):
    part = tried(trained, tmp_path).part(STRONGEST)
    STEPS.build(part, "slim.steps.0")
    assert part["ratios"] and all(0.99 < ratio < 1 for ratio in part["ratios"].values())


@pytest.fixture
def clock(monkeypatch):
    """Workers whose runs take `factor` times 1, 2, .. milliseconds, of the next factor at each call."""

    class Stand:
        """A Worker without a process."""

        reason, factors = "", iter(())

        def __init__(self, *arguments):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *problem):
            pass

        def run(self, count):
            """Milliseconds, by the number of the run."""
            factor = next(Stand.factors, 1)
            return [factor * number for number in range(1, count + 1)]

    monkeypatch.setattr(candidates, "Worker", Stand)
    return Stand


def test_three_quarters_of_the_runs_stay_below(exported, clock):
    assert timed(read(exported), "paddle-fp32") == 19.0  # the 0.75 quantile of 1 .. 25 is 1 + 0.75 * 24


def test_rounds_that_disagree_are_run_again_and_told(exported, clock):
    said = []
    clock.factors = iter([1, 1, 3, 9, 1])  # of the warm-up, and of rounds that disagree
    assert timed(read(exported), "paddle-fp32", 1, said.append) == 19.0 and not said
    clock.factors = iter([1, *[1, 9] * 2, *[1, 1.5] * 2, *[1, 9] * 2])
    assert timed(read(exported), "paddle-fp32", 1, said.append) == 23.75  # of the steadiest: 19, 28.5, 19, 28.5
    assert len(said) == 1 and "took 19.00 to 28.50 ms: something else runs" in said[0]
    assert steadiest(lambda: [1.0, 1.1]) == [1.0, 1.1]


def test_rounds_that_never_nearly_agree_are_no_ground_for_a_training(exported, clock):
    clock.factors = iter([1, *[1, 2] * 2 * 3])  # 19 and 38: a standard deviation of 11 at a mean of 28.5
    with pytest.raises(PPMobileError, match="took 19.00 to 38.00 ms; something else runs .*; run it again when it is"):
        timed(read(exported), "paddle-fp32")


def test_a_machine_that_is_slow_for_a_while_slows_the_whole_net_as_well(exported, clock):
    yard = Yardstick(exported)
    clock.factors = iter([1] * 6 + [2, 1] * 4)  # two warm-ups, four rounds of the whole net, then in turns
    assert timed(read(exported), "paddle-fp32", 1, print, yard) == 38.0 and yard.ms == 19.0
    clock.factors = iter([1] * 2 + [3.0, 1.5, 6.0, 3.0] * 2)  # up to three times as slow as then
    assert timed(read(exported), "paddle-fp32", 1, print, yard) == 38.0


def test_a_cut_that_is_slower_than_the_whole_net(trained, tmp_path, clock):
    one = tried(trained, tmp_path)
    clock.factors = iter([1] * 14 + [1, 1] + [1.2, 1] * 4 + [1, 1] + [1.4, 1] * 4)
    assert one.ms(0.0) == 19.0 and one.ms(1.0) == pytest.approx(22.8)  # perhaps so little that it is noise
    with pytest.raises(PPMobileError, match="contradict each other: 19.00 ms of the whole net, and 26.60 of one with"):
        one.ms(STRONGEST)


def test_a_candidate_in_int8_runs_and_its_files_are_sealed(trained, tmp_path, copied, calibrated, monkeypatch):
    pictures = tried(trained, tmp_path).pictures()
    assert pictures.shape == (4, 3, 16, 16)
    monkeypatch.setattr(calibrate, "calibrate", lambda *arguments: calibrated)  # of the same net
    monkeypatch.setattr(candidates, "UNSTEADY", 9)  # the machine of this test may be busy
    artefact = rough_int8(read(copied), "paddle-int8", pictures)
    assert artefact.has("int8/inference.pdmodel") and 0 < timed(artefact, "paddle-int8") < 1000


def test_what_a_library_says_of_a_candidate_in_int8(copied, calibrated, monkeypatch):
    def build(self, keep_float):
        raise ValueError("of its own")

    monkeypatch.setattr(calibrate, "calibrate", lambda *arguments: calibrated)
    monkeypatch.setattr(targets.PaddleTarget, "build", build)
    with pytest.raises(ExportError, match=r"slim.budget.runtime: paddle-int8: .* \(ValueError: of its own\); choose"):
        rough_int8(read(copied), "paddle-int8", None)
    with pytest.raises(ExportError, match="slim.budget.runtime onnx: .* has no model.onnx"):
        rough_int8(read(copied), "onnx-int8", None)
