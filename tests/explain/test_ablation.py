"""The table of variants: noise and verdicts by hand, from runs that are finished already."""

import csv
import json
import shlex
import sys

import pytest

from ppmobile.errors import ConfigError
from ppmobile.explain import ablation
from ppmobile.explain.ablation import Run, noise_of, read_study, verdict

STUDY = """config: tiny.yml
common: [train.epochs=2]
seeds: [0, 1]
variants:
  plain: []
  half rate: [train.lr=0.5]
"""


def finished_run(folder, val, test, command=""):
    """Write what a training by `command` and an evaluation leave in a run's folder."""
    (folder / "eval_test").mkdir(parents=True)
    (folder / "eval_test" / "result.json").write_text(json.dumps({"map50": test, "other": 0}), encoding="utf-8")
    (folder / "curves.png").write_bytes(b"")
    start = {"command": command, "date": "2026-01-02 03:04", "cpu": "some CPU", "cores": 2, "processes": 1,
             "python": "3.10", "versions": {"paddlepaddle": "3.1.1"}}
    (folder / "run.json").write_text(json.dumps({"starts": [start]}), encoding="utf-8")
    with open(folder / "metrics.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerows([["epoch", "epoch_s", "img_per_s", "map50"], [1, 60, 10, val - 0.1], [2, 60, 10, val]])


def runs_of(*tests):
    """{variant: list of Run} with these metrics on test."""
    return {str(i): [Run(test, 0, 0, {}) for test in ones] for i, ones in enumerate(tests)}


def test_noise_is_what_chance_gives_to_95_percent():
    # variances between the seeds 0.0002 and 0.0008, mean 0.0005; sqrt(0.0005 * 2 / 2)
    # and the t quantile of 97.5 % for 2 degrees of freedom is 4.3027 (any table)
    assert noise_of(runs_of((0.70, 0.72), (0.60, 0.64))) == pytest.approx(4.3027 * 0.0005**0.5, rel=1e-4)
    assert verdict(0.05, 0.0447) == "better" and verdict(-0.05, 0.0447) == "worse"
    assert verdict(0.04, 0.0447) == "within the noise"
    assert verdict(0.5, noise_of(runs_of((0.7,), (0.6,)))) == "noise unknown"  # one seed tells of none


@pytest.fixture
def study(tmp_path, monkeypatch):
    """STUDY's file, whose four runs are finished; ablation.main() makes page.md of them."""
    (tmp_path / "study.yml").write_text(STUDY, encoding="utf-8")
    for number, (tests, more) in enumerate([((0.70, 0.72), ""), ((0.80, 0.84), " train.lr=0.5")]):
        for seed, test in enumerate(tests):
            folder = tmp_path / "runs" / f"{number}_{seed}"
            finished_run(folder, test + 0.01, test, "ppmobile train -c tiny.yml --overwrite -o " + shlex.quote(
                f"output={folder}") + f" seed={seed} train.epochs=2{more}")
    monkeypatch.setattr(sys, "argv", ["ablate.py", str(tmp_path / "study.yml"), "--runs", str(tmp_path / "runs"),
                                      "--page", str(tmp_path / "page.md")])
    return tmp_path / "study.yml"


def test_a_run_of_an_older_study_is_no_result_of_this_one(study, capsys):
    study.write_text(STUDY.replace("lr=0.5", "lr=0.7"), encoding="utf-8")
    assert ablation.main() == 2
    assert "1_0: was not trained by what 'half rate' with seed 0 is now" in capsys.readouterr().err
    assert not (study.parent / "page.md").exists()


def test_a_run_without_its_tables_is_named(study, capsys):
    (study.parent / "runs" / "0_1" / "metrics.csv").unlink()
    assert ablation.main() == 2
    assert "0_1: holds no run with metrics on val and test" in capsys.readouterr().err


def test_finished_runs_become_a_page(study):
    page = study.parent / "page.md"
    page.write_text("# Words\n", encoding="utf-8")
    assert ablation.main() == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Words")
    assert "| plain | 0.7000 0.7200 | 0.7100 |  |  | 0.7100 0.7300 | 2.0 2.0 |" in text
    assert "| half rate | 0.8000 0.8400 | 0.8200 | +0.1100 | better |" in text
    assert "- half rate: `train.lr=0.5`" in text and "some CPU" in text


@pytest.mark.parametrize("text, message", [
    (STUDY.replace("seeds", "seed"), "a study has the keys config, common, seeds, variants"),
    (STUDY.replace("[0, 1]", "[]"), "seeds: expected list"),
    (STUDY.replace("tiny.yml", "[3]"), "config: expected str"),
    (STUDY.replace("[0, 1]", "[0, 0]"), r"seeds: expected different whole numbers, got \[0, 0\]"),
    (STUDY.replace("[0, 1]", "[a]"), "seeds: expected different whole numbers"),
    (STUDY.replace("plain: []", "plain:"), "variants.plain: expected a list of overrides like .*, got None"),
    (STUDY.replace("[train.lr=0.5]", "train.lr=0.5"), "variants.half rate: expected a list of overrides"),
    (STUDY.replace("[train.epochs=2]", "[2]"), "common: expected a list of overrides")])
def test_a_wrong_study_is_named(tmp_path, text, message):
    (tmp_path / "study.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_study(tmp_path / "study.yml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_study(tmp_path / "none.yml")
