"""How fast a config trains here: its data pipeline alone, one process, and several, taking turns in one run."""

import csv
import io
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from ..engine import launch
from ..errors import ConfigError, DataError, PPMobileError
from ..files import write_text
from .made import write_made
from .pipeline import pipeline_rates

WARM_UP = 2  # steps before the clock starts: memory is allocated, caches fill
MOST_PICTURES = 256  # that are made
BUSY = 0.9  # share of a core below which others took the rest
RESIZING = ("Resize", "RandomResize", "RandomResizedCrop", "Pad", "Mosaic")  # by their options


def bench(config, config_arguments, steps, rounds, processes):
    """(rows {what, img_per_s, low, high, core, data_wait, ratio}, {step: share of a picture's time}).

    Each setting is measured once a round.
    config_arguments: the -c, -o and --size of `config`, handed on to fresh processes. The data pipeline is measured
    alone in one process with one thread, on the config's pictures if they are there, and on JPEGs of 640x480 made for
    it; training on the config's pictures, else on those. core: pictures a second of processor time of one process,
    which other programs on the machine hardly change.
    """
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
        about = {"made": made_data(config, folder, steps), "own": has_data(config)}
        settings = [0, 1, *([processes] if processes > 1 else [])]
        found = {setting: [] for setting in settings}
        for _ in range(rounds):
            for setting in settings:
                found[setting].append(measured(config_arguments, steps, {**about, "processes": setting}))
    rows = [row(what, [result["rates"][what] for result in found[0]]) for what in found[0][0]["rates"]]
    one = None
    for count in settings[1:]:
        what = f"training, {count} process{'es' if count > 1 else ''}"
        rows.append(row(what, [result["rates"]["training"] for result in found[count]]))
        one = one or rows[-1]["img_per_s"]
        rows[-1].update(core=round(statistics.median(r["core"] for r in found[count]), 2),
                        data_wait=statistics.median(r["data_wait"] for r in found[count]),
                        ratio=round(rows[-1]["img_per_s"] / one, 2))
    return rows, found[0][-1]["steps"]


def row(what, rates):
    """A row of the table: the median of the rounds' rates and their extremes."""
    digits = 1 if max(rates) >= 10 else 2
    return {"what": what, "img_per_s": round(statistics.median(rates), digits), "low": round(min(rates), digits),
            "high": round(max(rates), digits), "core": "", "data_wait": "", "ratio": ""}


def made_data(config, folder, steps):
    """The reader's part of pictures made in `folder`, enough for a few batches."""
    batch = config.train.batch_size
    return write_made(folder, config.task, max(2 * batch, min(MOST_PICTURES, batch * (WARM_UP + steps))))


def has_data(config):
    """Whether the training pictures of the config are there."""
    from ..engine.datasets import open_split

    try:
        open_split(config, "train")
    except DataError:
        return False
    return True


def at_size(config, size):
    """The config with all resizing steps of transforms.train giving `size` pixels, without MultiScale.

    ConfigError if there is none of them.
    """
    parts = [dict(part) for part in config.transforms.train]
    resizing = [part for part in parts if part["name"] in RESIZING]
    if not resizing:
        raise ConfigError(f"--size: transforms.train has none of {', '.join(RESIZING)}")
    for part in resizing:
        part.update({"sizes": [size]} if part["name"] == "RandomResize" else {"size": size})
    batch = [part for part in config.transforms.batch if part["name"] != "MultiScale"]
    config.transforms = replace(config.transforms, train=parts, batch=batch)
    return config


def measured(config_arguments, steps, about, environ=None):
    """The JSON that a fresh `ppmobile bench train --measure` prints; environ: variables that it gets besides."""
    command = [sys.executable, "-m", "ppmobile", "bench", "train", *config_arguments, "--steps", str(steps),
               "--measure", json.dumps(about)]
    done = subprocess.run(command, capture_output=True, text=True, env=launch.environment(**(environ or {})))
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"rates"')]
    if done.returncode or not lines:
        said = [line for line in done.stderr.splitlines() if line.startswith("ppmobile: ")]
        raise PPMobileError(said[-1].split(": ", 2)[-1] if said else f"measuring failed: {done.stderr[-300:]}")
    return json.loads(lines[-1])


def measure(config, steps, about, arguments):
    """Print one measurement as JSON: of the pipeline (0 processes) or of training with some; returns the status.

    about: {"processes", "made": reader's part, "own": whether to train on the config's pictures, perhaps "kept":
    whether to train on one batch again and again, which leaves the data pipeline out}.
    """
    from ..engine import parallel

    processes = about["processes"]
    if processes == 0:
        print(json.dumps(all_pipelines(config, steps, about)))
        return 0
    if processes > 1 and parallel.world() == 1:
        return launch.supervise(processes, arguments)
    parallel.start()
    if not about["own"]:
        config.data = replace(config.data, train=about["made"], val=None, check=False)
    result = training_rate(config, steps, about.get("kept", False))
    parallel.barrier()
    if parallel.rank() == 0:
        print(json.dumps(result), flush=True)
    return 0


def all_pipelines(config, steps, about):
    """{"rates": {what: pictures a second of one core}, "steps": shares on the pictures made}."""
    from ..data import READERS
    from ..engine.datasets import open_split

    count, rates = max(64, steps * 8), {}
    if about["own"]:
        rates["data of this config to a training batch"] = pipeline_rates(
            config, open_split(config, "train"), count)["loaded"]
    made = pipeline_rates(config, READERS.build(about["made"]), count)
    rates["JPEG 640x480 to a training batch"] = made["loaded"]
    rates["JPEG 640x480, decoding alone (cv2)"] = made["decoded"]
    return {"rates": rates, "steps": made["steps"]}


def training_rate(config, steps, kept=False):
    """{"rates": {"training": pictures a second over all processes}, "core", "data_wait": share} of `steps` steps."""
    from ..engine.logs import Meter
    from ..engine.run import assemble

    trainer = assemble(config, Path(config.output), pretrained=False)  # fresh weights train as fast
    trainer.hooks = [Meter()]
    trainer.optimizer.set_lr(1e-6)  # too small to diverge in a few steps
    trainer.model.train()
    for number, batch in enumerate(itertools.islice(batches(trainer, kept), WARM_UP + steps)):
        if number in (0, WARM_UP):
            trainer.call("before_epoch")  # starts the Meter's clock
            pictures, start = 0, time.process_time()
        trainer.train_batch(batch)
        pictures += trainer.count
    core = pictures / (time.process_time() - start)
    means = trainer.hooks[0].means()
    return {"rates": {"training": means["img_per_s"]}, "core": round(core, 3), "data_wait": means["data_wait"]}


def batches(trainer, kept=False):
    """The batches of all epochs, without end; kept: the first one for ever."""
    for epoch in itertools.count():
        trainer.batch = 0
        for batch in trainer.loader.epoch(epoch):
            yield batch
            while kept:
                trainer.batch = 0
                yield batch


def judgement(rows, steps):
    """One sentence a line on what the rows of `bench` mean."""
    by_name = {one["what"]: one for one in rows}
    loaded, one = by_name["JPEG 640x480 to a training batch"]["img_per_s"], by_name["training, 1 process"]
    times = loaded / one["core"]
    lines = [f"One core makes {times:.0f} times as many training pictures as one process trains: "
             "the net, not the data, is the limit." if times >= 2 else
             f"One core makes only {times:.1f} times as many training pictures as one process trains: "
             "on a machine with idle cores, raise data.workers."]
    most = [f"{name} {share:.0%}" for name, share in list(steps.items())[:3]]
    lines.append(f"Of the time of a picture, {', '.join(most)} are the largest parts.")
    if one["img_per_s"] < BUSY * one["core"]:
        lines.append(f"The machine is busy: the training process got {one['img_per_s'] / one['core']:.0%} of a core. "
                     "img/s and ratio say little then, \"core\" (img/s of processor time) does.")
    if rows[-1] is not one:
        lines.append(f"{rows[-1]['what'].split(', ')[1]} train {rows[-1]['ratio']} times as fast as one.")
    return "\n".join(lines)


def write_csv(rows, path):
    """The rows as a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def table(rows):
    """The rows as text."""
    lines = [f"{'':<44} {'img/s':>7}  {'low':>7}  {'high':>7}  {'core':>7}  {'data wait':>9}  {'ratio':>5}"]
    for one in rows:
        wait = f"{one['data_wait']:.1%}" if one["data_wait"] != "" else ""
        speeds = "  ".join(f"{one[key]:>7}" for key in ("img_per_s", "low", "high", "core"))
        lines.append(f"{one['what']:<44} {speeds}  {wait:>9}  {one['ratio']:>5}")
    return "\n".join(lines)
