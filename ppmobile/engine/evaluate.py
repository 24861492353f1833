"""Measure a model on a dataset: in training, at the end, and alone."""

import contextlib

import numpy as np
import paddle
from tqdm import tqdm

from ..data.tensors import to_tensors
from . import parallel
from .hooks import Hook


@paddle.no_grad()
def evaluate(model, loader, new_metric, progress=False):
    """The metric of `model` over `loader` (this process's part), all processes' counts together.

    new_metric: makes an empty metric. The counts are merged in order of rank, so every process gets the same numbers.
    """
    model.eval()
    metric = new_metric()
    for batch in tqdm(loader.epoch(0), total=len(loader), desc="evaluate", leave=False,
                      disable=None if progress else True):
        outputs = model(to_tensors(batch)["image"])
        metric.update(model.head.predictions(outputs, batch), batch)
    if parallel.world() == 1:
        return metric
    merged = new_metric()
    for state in parallel.gather(metric.state()):
        merged.merge(state)
    return merged


class Evaluate(Hook):
    """Measures the model (its moving average, if there is one) every few epochs; knows the best so far."""

    def __init__(self, loader, new_metric, every=1, epochs=1):
        self.loader, self.new_metric, self.every, self.epochs = loader, new_metric, every, epochs
        self.best = None

    def after_epoch(self, trainer):
        """Add val_loss and the metric's numbers to the row; `score` decides which epoch is best."""
        if trainer.epoch % self.every and trainer.epoch != self.epochs:
            return
        ema = trainer.hook("Ema")
        with ema.applied(trainer.model) if ema else contextlib.nullcontext():
            metric = evaluate(trainer.model, self.loader, self.new_metric)
        result = metric.result()
        shown = metric.shown or result
        trainer.row.update({f"val_{k}" if k == "loss" else k: result[k] for k in shown if np.isscalar(result.get(k))})
        trainer.row["score"] = score = result[metric.main]
        trainer.row["best"] = self.best is None or score > self.best
        if trainer.row["best"]:
            self.best = score

    def state(self):
        """The best score so far."""
        return {"best": self.best}

    def restore(self, state):
        """Take it back."""
        self.best = state["best"]
