"""What is measured of a net after a slim step: the metric and how sure it is, its cost, its files and their speed."""

import functools
from pathlib import Path

import numpy as np

from ..artefact import read
from ..data.loader import Loader
from ..engine.evaluate import evaluate
from ..engine.run import eval_loader, open_eval, restore
from ..export.write import export
from ..metrics import METRICS
from ..models.build import build_model
from ..models.structure import CUTTABLE, scaled, scaled_size, set_widths, widths_of
from ..predict.answers import reader
from ..predict.decode_boxes import to_original
from ..predict.runtimes import open_runtime
from ..predict.runtimes.needs import FILES
from ..profiling.macs import count
from ..profiling.net import input_size
from ..transforms import Compose
from . import bootstrap
from .search import AccuracyError

SMALLEST = 1e-12  # a probability below counts as this where its logarithm is taken
FLOAT_BYTES = 4


class Split:
    """The pictures of one split, and measures on them. source: the run whose class list they must have."""

    def __init__(self, config, name, classes, source):
        self.config, self.name, self.classes = config, name, list(classes)
        self.dataset = open_eval(config, name, classes, source)
        self.new_metric = functools.partial(METRICS.build, config.eval.metric, "eval.metric", classes=self.classes,
                                            dataset=self.dataset)
        self.weights = bootstrap.weights(len(self.dataset))

    def of_net(self, model):
        """The score of a Model."""
        return self.score(evaluate(model, eval_loader(self.config, self.dataset), self.new_metric))

    def of_artefact(self, folder, name, threads):
        """The score of an artefact on the runtime `name`."""
        artefact, metric = read(folder), self.new_metric()
        answers = reader(artefact.deploy, folder).read
        loader = Loader(self.dataset, Compose(self.config.transforms.eval, "transforms.eval"), 1,
                        task=self.config.task)
        runtime = open_runtime(name, artefact, threads)
        try:
            for batch in loader.epoch(0):
                metric.update([self._output(answers(runtime.run(batch["image"]), 1, str(folder))[0], batch)], batch)
        finally:
            runtime.close()
        return self.score(metric)

    def _output(self, answer, batch):
        """What the metric takes: logits of probabilities, boxes in pixels of the original."""
        if self.config.task == "detect":
            return to_original(answer, batch["frame"][0], batch["size"][0])
        return np.log(np.maximum(answer, SMALLEST))

    def score(self, metric):
        """{"value", "low", "high": of 95 % of the resamples, "samples"} of a Metric that saw all pictures."""
        samples = bootstrap.resampled(metric, self.weights)
        low, high = bootstrap.interval(samples)
        return {"value": metric.result()[metric.main], "low": low, "high": high, "samples": samples.tolist()}

    @property
    def main(self):
        """The name of the metric's main number."""
        return self.new_metric().main


def change(now, before):
    """{"value", "low", "high"}: by how much the score `now` is above `before`, on the same resamples."""
    low, high = bootstrap.interval(np.asarray(now["samples"]) - np.asarray(before["samples"]))
    return {"value": now["value"] - before["value"], "low": low, "high": high}


class Net:
    """A run's net, restored. cost: {"macs", "params", "bytes"} of a picture and of the weights; widths: {layer path:
    [inputs, outputs]}; counted: the macs.Count of all layers.
    """

    def __init__(self, run, config):
        self.model, self.config, self.classes, self.saved = restore(run, config)
        plain = self.plain(self.saved.structure)
        self.widths, self.counted = widths_of(plain), count(plain, (1, 3, *input_size(self.config)))
        size = sum(int(value.size) for value in plain.state_dict().values())
        self.cost = {"macs": self.counted.macs, "params": self.counted.params, "bytes": FLOAT_BYTES * size}

    def plain(self, structure):
        """A Model with the widths of a structure and nothing else of it: simulated int8 has the same cost."""
        model = build_model(vars(self.config.model), self.config.task, len(self.classes))
        set_widths(model, structure.get("widths", {}), self.saved.path)
        return model

    def predicted(self, widths):
        """What the cost must become when this net is cut to `widths`, worked out from its layers alone."""
        model = self.plain(self.saved.structure)
        layers = dict(model.named_sublayers())
        macs = sum(scaled(layers[row.path], row.macs, self.widths[row.path], widths[row.path])
                   if row.path in self.widths else row.macs for row in self.counted.layers)
        sizes = {key: _size(key, value, layers, self.widths, widths) for key, value in model.state_dict().items()}
        learnt = {name for name, value in model.named_parameters() if not value.stop_gradient}
        return {"macs": macs, "params": sum(sizes[key] for key in learnt), "bytes": FLOAT_BYTES * sum(sizes.values())}


def _size(key, value, layers, before, after):
    """Numbers of a parameter or statistic after the cut."""
    path, _, name = key.rpartition(".")
    layer = layers.get(path)
    if not isinstance(layer, CUTTABLE) or path not in after:
        return int(value.size)
    return scaled_size(layer, name, int(value.size), before[path], after[path])


def make_artefact(run, out, config, runtimes, step=None, context=None):
    """Export a run to the folder `out` for these runtimes, with what its Step adds; the Artefact.

    Where int8 would lose more than the step allows, that is said, and the artefact is left without.
    """
    export(run, out, config, ("paddle", *libraries(runtimes)), overwrite=True, say=lambda line: None)
    if step is not None:
        try:
            step.deploy(Path(out), context)
        except AccuracyError as error:
            context.say(f"no int8: {error}")
    return read(out)


def libraries(runtimes):
    """The libraries of a list of runtimes that an artefact must be made for, beside Paddle."""
    return [name for name in ("onnx", "openvino", "lite") if any(one.startswith(name) for one in runtimes)]


def file_bytes(artefact, runtime):
    """Bytes of an Artefact's files that a runtime reads; None if it has them not."""
    if not artefact.has(*FILES[runtime]):
        return None
    return sum(artefact.path(name).stat().st_size for name in FILES[runtime])
