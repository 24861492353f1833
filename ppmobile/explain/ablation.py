"""Variants of one training, each with some seeds, as a table that says what is more than noise (tools/ablate.py)."""

import argparse
import csv
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..cli import fail
from ..errors import ConfigError, PPMobileError
from ..files import write_text
from ..wording import brief
from ..yaml_text import parse_yaml
from .record import replaced, told

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"config": str, "common": list, "seeds": list, "variants": dict}
NAMES = ("variant", "test, seed by seed", "mean", "to the first", "verdict", "best on val", "minutes")
LEGEND = "The first variant is what the others are compared with; each differs from it in what its name says."
NOISE = """Noise: what 95 % of the differences between two variants without any difference stay below, from the spread
between the seeds, pooled over all variants (Student's t): {:.4f}. Several comparisons are made at once, so even a
difference above it is a hint, not a proof."""
NO_NOISE = "One seed tells nothing of the noise, so no difference here is a finding."


class Study(NamedTuple):
    """config: path of a YAML. common: overrides of all runs. seeds: whole numbers. variants: {name: overrides}."""

    config: str
    common: list
    seeds: list
    variants: dict


class Run(NamedTuple):
    """A finished training. test, val: the metric; minutes: of training. start: first entry of its run.json."""

    test: float
    val: float
    minutes: float
    start: dict


def main():
    """Train what is missing, then write the page; exit status 2 with one line if that cannot be done."""
    arguments = argparse.ArgumentParser(prog="ablate.py", description="compare variants of one training")
    arguments.add_argument("study", help="a YAML of config, common, seeds and variants; see tools/studies")
    arguments.add_argument("--runs", required=True, type=Path, metavar="FOLDER", help="of the runs; done ones are kept")
    arguments.add_argument("--page", required=True, type=Path, metavar="FILE", help="the Markdown file with the table")
    arguments.add_argument("-o", "--override", nargs="+", default=[], metavar="A.B=C", help="for all runs, e.g. paths")
    options = arguments.parse_args()
    try:
        study = read_study(options.study)
        runs = {name: [finished(study, options, number, name, seed) for seed in study.seeds]
                for number, name in enumerate(study.variants)}
        write_text(options.page, replaced(options.page, text_of(study, runs, options)))
    except PPMobileError as error:
        return fail(error)
    return 0


def read_study(path):
    """The Study in a YAML file. ConfigError names what is missing or of another type."""
    try:
        tree = parse_yaml(Path(path).read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({brief(error)})") from error
    if not isinstance(tree, dict) or set(tree) != set(KEYS):
        raise ConfigError(f"{path}: a study has the keys {', '.join(KEYS)}")
    wrong = [key for key, kind in KEYS.items() if not isinstance(tree[key], kind) or not tree[key] and key != "common"]
    if wrong:
        raise ConfigError(f"{path}: {wrong[0]}: expected {KEYS[wrong[0]].__name__}, not empty")
    seeds = tree["seeds"]
    if not all(type(seed) is int and seed >= 0 for seed in seeds) or len(set(seeds)) < len(seeds):
        raise ConfigError(f"{path}: seeds: expected different whole numbers, got {seeds}")
    for place, overrides in (("common", tree["common"]), *((f"variants.{k}", v) for k, v in tree["variants"].items())):
        if not isinstance(overrides, list) or not all(isinstance(text, str) for text in overrides):
            raise ConfigError(f"{path}: {place}: expected a list of overrides like [train.lr=0.1], got {overrides!r}")
    return Study(**tree)


def finished(study, options, number, name, seed):
    """The Run of a variant and seed; trained and evaluated in processes of its own if that was not done before.

    ConfigError if another training lies in its folder, for example because the study was changed in between.
    """
    folder = options.runs / f"{number}_{seed}"
    result = folder / "eval_test" / "result.json"
    training = ["train", "-c", study.config, "--overwrite", "-o", f"output={folder}", f"seed={seed}", *study.common,
                *study.variants[name], *options.override]
    if not result.is_file():
        print(f"{name}, seed {seed}: {folder}", file=sys.stderr, flush=True)
        _run(*training)
        _run("eval", "-w", str(folder), "--split", "test")
    run, wanted = read_run(folder), f"ppmobile {shlex.join(training)}"
    if run.start.get("command") != wanted:
        raise ConfigError(f"{folder}: was not trained by what {name!r} with seed {seed} is now: {wanted}; remove it, "
                          "or give another folder with --runs")
    return run


def read_run(folder):
    """The Run in a folder whose test split was evaluated; PPMobileError if it lacks something."""
    try:
        metrics = json.loads((folder / "eval_test" / "result.json").read_text(encoding="utf-8"))
        metric = next(iter(metrics))  # a result begins with the key that the best epoch is chosen by
        start, cells, test = told(folder, metric)
        return Run(test, float(cells[0].split()[0]), float(cells[1]), start)
    except (OSError, ValueError, KeyError, IndexError, TypeError, csv.Error) as error:
        raise PPMobileError(f"{folder}: holds no run with metrics on val and test ({brief(error)}); remove it, or give "
                            "a config with data.val and data.test") from error


def _run(*argv):
    """One command of ppmobile, whose output goes to ours. PPMobileError if it fails."""
    path = os.pathsep.join(p for p in (str(ROOT), os.environ.get("PYTHONPATH")) if p)
    status = subprocess.run([sys.executable, "-m", "ppmobile", *argv], env={**os.environ, "PYTHONPATH": path},
                            stdout=sys.stderr, check=False).returncode
    if status:
        raise PPMobileError(f"ppmobile {argv[0]} ended with status {status}; see above")


def text_of(study, runs, options):
    """The lines between the markers of the page: table, legend, command and machine."""
    noise, rows = noise_of(runs), []
    first = np.mean([run.test for run in next(iter(runs.values()))])
    for name, ones in runs.items():
        tests = [run.test for run in ones]
        rows.append([name.replace("|", "\\|"), " ".join(f"{test:.4f}" for test in tests), f"{np.mean(tests):.4f}",
                     f"{np.mean(tests) - first:+.4f}", verdict(np.mean(tests) - first, noise),
                     " ".join(f"{run.val:.4f}" for run in ones), " ".join(f"{run.minutes:.1f}" for run in ones)])
    rows[0][3:5] = ["", ""]
    table = ["| " + " | ".join(cells) + " |" for cells in (NAMES, ["---"] * len(NAMES), *rows)]
    start = next(iter(runs.values()))[0].start
    command = ["python", "tools/ablate.py", options.study, "--runs", str(options.runs), "--page", str(options.page)]
    command += ["-o", *options.override] if options.override else []
    machine = (f"# {start['date']}, {start['cpu']}, {start['cores']} cores, {start['processes']} processes, "
               f"paddlepaddle {start['versions']['paddlepaddle']}, Python {start['python']}")
    changed = [f"- {name}: `{' '.join(study.variants[name])}`" for name in study.variants if study.variants[name]]
    legend = [LEGEND, NO_NOISE if np.isnan(noise) else NOISE.format(noise), ""]
    return "\n".join(["", *table, "", *legend, *changed, "", "```", shlex.join(command), machine, "```", ""])


def noise_of(runs):
    """The 95 % limit of the difference of two variants' means by chance; runs: {variant: list of Run}, as many of each.

    The variance is that between the seeds of a variant, averaged over the variants, with as many degrees of freedom as
    runs less variants (two-sided t test with pooled variance). NaN for one seed.
    """
    from scipy.stats import t  # scikit-learn brings it

    tests = np.array([[run.test for run in ones] for ones in runs.values()])
    if tests.shape[1] < 2:
        return float("nan")
    limit = t.ppf(0.975, tests.size - len(tests))
    return float(limit * np.sqrt(2 / tests.shape[1] * tests.var(axis=1, ddof=1).mean()))


def verdict(difference, noise):
    """What a difference of means says, in words; noise: of noise_of."""
    if np.isnan(noise):
        return "noise unknown"
    if abs(difference) <= noise:
        return "within the noise"
    return "better" if difference > 0 else "worse"
