"""What a run tells while it runs: means of an epoch, progress bar, metrics.csv, curves.png, VisualDL."""

import csv
import importlib.util
import os
import sys
import time
from pathlib import Path

from ..files import explain_os_errors, write_text
from ..wording import brief
from . import parallel
from .hooks import Hook


class Meter(Hook):
    """Means of the losses over an epoch, pictures a second, and the share of time spent waiting for data."""

    def __init__(self):
        self.sums, self.pictures = {}, 0
        self.timed = self.waited = self.busy = 0.0

    def before_epoch(self, trainer):
        """Start the clock; a resumed epoch keeps its sums."""
        self.timed, self.waited, self.busy = 0, 0.0, 0.0
        self.clock = time.perf_counter()

    def before_batch(self, trainer):
        """The time since the last step was spent waiting for data."""
        now = time.perf_counter()
        self.waited, self.clock = self.waited + now - self.clock, now

    def after_backward(self, trainer):
        """Add this batch's losses, weighted by its pictures."""
        pictures = trainer.count / trainer.arrays["share"] * parallel.world()  # one here stands for so many
        self.pictures += pictures
        self.timed += pictures
        for name, value in trainer.losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value * pictures
        now = time.perf_counter()
        self.busy, self.clock = self.busy + now - self.clock, now

    def after_step(self, trainer):
        """The optimizer's time is work, too."""
        now = time.perf_counter()
        self.busy, self.clock = self.busy + now - self.clock, now

    def means(self):
        """{"loss": sum of the means, each loss's own mean when there are several, speed, data wait}."""
        losses = {name: total / max(self.pictures, 1) for name, total in self.sums.items()}
        parts = losses if len(losses) > 1 else {}
        seconds = max(self.waited + self.busy, 1e-9)
        return {"loss": sum(losses.values()), **parts, "img_per_s": round(self.timed / seconds, 2),
                "data_wait": round(self.waited / seconds, 4)}

    def after_epoch(self, trainer):
        """Put the means into the epoch's row."""
        means = self.means()
        if not self.timed:  # taken up again behind its last batch: this process has seen no speed
            means = {k: v for k, v in means.items() if k not in ("img_per_s", "data_wait")}
        trainer.row.update(means)
        self.sums, self.pictures = {}, 0

    def state(self):
        """Sums so far, for a stop in mid-epoch."""
        return {"sums": self.sums, "pictures": self.pictures}

    def restore(self, state):
        """Take the sums back."""
        self.sums, self.pictures = dict(state["sums"]), state["pictures"]


class Progress(Hook):
    """A progress bar with loss, rate, speed, data wait and the time to go; a line an epoch in a log file."""

    def __init__(self, epochs):
        self.epochs, self.bar = epochs, None

    def before_epoch(self, trainer):
        """Open the bar of this epoch."""
        from tqdm import tqdm

        total = len(trainer.loader)
        self.bar = tqdm(total=total, initial=trainer.batch, leave=False, unit="batch", dynamic_ncols=True,
                        desc=f"epoch {trainer.epoch + 1}/{self.epochs}", disable=not sys.stderr.isatty())

    def after_backward(self, trainer):
        """Move the bar."""
        means = trainer.hook("Meter").means()
        self.bar.update()
        to_go = (self.epochs - trainer.epoch) * len(trainer.loader) - trainer.batch
        rate = self.bar.format_dict["rate"] or (trainer.batch / max(self.bar.format_dict["elapsed"], 1e-9))
        self.bar.set_postfix_str(f"loss {means['loss']:.3f}, {means['img_per_s']:.0f} img/s, data wait "
                                 f"{means['data_wait']:.0%}, all done in {clock(to_go / max(rate, 1e-9))}",
                                 refresh=False)

    def after_epoch(self, trainer):
        """Close the bar and print the epoch's row."""
        self.bar.close()
        row = trainer.row
        numbers = ", ".join(f"{k} {show(v)}" for k, v in row.items() if k not in ("epoch", "score", "best"))
        best = " (best so far)" if row.get("best") else ""
        print(f"epoch {row['epoch']}/{self.epochs}: {numbers}{best}", flush=True)

    def after_train(self, trainer):
        """Close a bar that was left open by a stop in mid-epoch."""
        if self.bar is not None:
            self.bar.close()


class CsvLog(Hook):
    """One row an epoch in metrics.csv; a resume drops the rows it is going to write again."""

    def __init__(self, path):
        self.path, self.rows, self.clock = Path(path), [], 0.0

    def before_train(self, trainer):
        """Keep the rows of the epochs that are done."""
        self.clock = time.perf_counter()
        if self.path.is_file() and trainer.epoch:
            self.rows = self.read(trainer.epoch)

    def read(self, epochs):
        """The rows of the first `epochs` epochs; a table that cannot be read is put aside and a new one begun."""
        try:
            rows = read_rows(self.path)
        except (ValueError, csv.Error) as error:
            bad = self.path.with_name(f"{self.path.name}.bad")
            with explain_os_errors(bad):
                os.replace(self.path, bad)
            print(f"{self.path}: damaged ({brief(error)}); kept as {bad.name}, a new table starts here", flush=True)
            return []
        return [row for row in rows if int(row["epoch"]) <= epochs]

    def after_epoch(self, trainer):
        """Add this epoch's row and write the file anew."""
        now = time.perf_counter()
        row = {k: v for k, v in trainer.row.items() if k not in ("score", "best")}
        self.rows.append({**row, "epoch_s": round(now - self.clock, 2)})  # training and evaluation of this epoch
        self.clock = now
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        lines = [",".join(names), *(",".join(str(row.get(n, "")) for n in names) for row in self.rows)]
        write_text(self.path, "\n".join(lines) + "\n")


class Curves(Hook):
    """Redraws curves.png from metrics.csv after each epoch, or, where epochs are short, every `pause` seconds."""

    def __init__(self, csv_path, png_path, pause=5.0):
        self.csv_path, self.png_path, self.pause = csv_path, png_path, pause
        self.drawn, self.due = -pause, False

    def after_epoch(self, trainer):
        """Draw all epochs so far, unless that was done a moment ago: a drawing costs half a second."""
        self.due = True
        if time.perf_counter() - self.drawn >= self.pause:
            self.draw()

    def after_train(self, trainer):
        """The last epochs are always on the picture."""
        if self.due:
            self.draw()

    def draw(self):
        """Write the picture anew."""
        from ..explain.plots import curves

        curves(self.csv_path, self.png_path)
        self.drawn, self.due = time.perf_counter(), False


class VisualDl(Hook):
    """The numbers of each epoch for VisualDL, where it is installed."""

    def __init__(self, folder):
        self.folder, self.writer = folder, None

    @staticmethod
    def installed():
        """Whether the package is there, without importing it."""
        return importlib.util.find_spec("visualdl") is not None

    def after_epoch(self, trainer):
        """Add one point to every curve."""
        if self.writer is None:
            from visualdl import LogWriter

            self.writer = LogWriter(logdir=str(self.folder))
        for name, value in trainer.row.items():
            if isinstance(value, (int, float)) and name not in ("epoch", "score", "best"):
                self.writer.add_scalar(tag=name, step=trainer.row["epoch"], value=float(value))


def read_rows(path):
    """The rows of a metrics.csv as dicts of texts; ValueError or csv.Error unless all are numbers, or empty."""
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        names, rows = reader.fieldnames or (), list(reader)
    if "epoch" not in names:
        raise ValueError("no column epoch")
    for row in rows:
        if None in row or None in row.values():
            raise ValueError(f"the row of epoch {row['epoch']} is not as long as the first line")
        int(row["epoch"])
        for value in row.values():
            float(value or 0)
    return rows


def show(value):
    """A number as a person reads it."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def clock(seconds):
    """Seconds as 1h02m, 3m20s or 12s."""
    seconds = int(seconds)
    if seconds >= 3600:
        return f"{seconds // 3600}h{seconds % 3600 // 60:02d}m"
    return f"{seconds // 60}m{seconds % 60:02d}s" if seconds >= 60 else f"{seconds}s"
