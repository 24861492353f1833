"""Where a wrong answer begins: the first layer whose output differs, between two ways of running the same net."""

import tempfile
from dataclasses import dataclass

import numpy as np

from ..errors import PPMobileError
from .cut import cutter
from .frontier import frontiers
from .golden import eager_layers
from .program import layer_outputs, run_graph
from .tolerances import LAYER, layer_error

PATIENCE = 20  # layers that a library may refuse to answer with
ANSWER = "the answer"  # no layer's own output: what the head makes of the last one
MEAN = 2e-5  # error of a layer's mean, over its mean size; rounding stays below 3e-6 (ResNeSt)


@dataclass(frozen=True)
class Difference:
    """layer: path of the first layer that differs, or ANSWER. error: of its output, relative to its size."""

    layer: str
    error: float


def in_samples(samples, graph, image):
    """The first layer of the traced graph that differs from the `layers` of golden.json, as a Difference, or None.

    image: the golden input. The kept values show a layer that is wrong in many places, its mean one that is wrong in a
    single channel.
    """
    traced = traced_layers(graph, image)
    for path, kept in samples.items():
        if path in traced and (error := _sample_error(kept, traced[path])) > 1:
            return Difference(path, error * LAYER["fp32"])
    return None


def _sample_error(kept, values):
    """Error of a layer's samples in units of what is allowed."""
    if list(values.shape) != list(kept["shape"]) or not np.isfinite(values).all():
        return float("inf")
    values = values.astype(np.float64)
    size = max(float(np.abs(values).mean()), 1e-30)
    largest = max(float(np.abs(values).max()), 1e-30)
    error = float(np.abs(values.reshape(-1)[kept["at"]] - kept["values"]).max()) / largest / LAYER["fp32"]
    return max(error, abs(float(values.mean()) - kept["mean"]) / size / MEAN)


def in_model(net, graph, image):
    """The first layer whose output differs between a Deployed net in eager mode and its traced graph, or None."""
    eager, traced = eager_layers(net, image), traced_layers(graph, image)
    for path, want in eager.items():
        if path in traced and (error := _error(traced[path], want, len(image))) > LAYER["fp32"]:
            return Difference(path, error)
    return None


def in_runtime(artefact, runtime, graph, image, precision):
    """The Difference of a runtime's files from the traced fp32 `graph` on an input array; None if it cannot be found.

    Graphs cut short are run by the runtime itself, so its optimisations are on trial as well. Halving finds a layer
    from which on what is still read (frontier.py) differs in about seven runs; with bf16 and int8 the error grows from
    layer to layer, and what is found is where it passes that of LAYER. ANSWER if no inner layer differs: then it is the
    last step, or the net as a whole.
    """
    cut = cutter(artefact, runtime, graph)
    asked = [*frontiers(graph, [name for _, name in cut.layers]), graph.outputs]
    want = run_graph(graph, image, dict.fromkeys(name for names in asked for name in names))
    errors = {}

    def error(position):
        if position not in errors:
            with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
                values = cut.run(asked[position], image, folder)
            errors[position] = max(_error(got, want[name], len(image)) for got, name in zip(values, asked[position]))
        return errors[position]

    position = first(len(asked), lambda i: error(i) > LAYER[precision])
    return Difference([*(path for path, _ in cut.layers), ANSWER][position], error(position))


def _error(got, want, pictures):
    """The `layer_error` of a layer; of one that answers proposals instead of pictures, in whatever order they come."""
    if want.ndim and len(want) != pictures and got.shape == want.shape:
        got, want = np.sort(got, axis=0), np.sort(want, axis=0)
    return layer_error(got, want)


def first(count, differs):
    """The first of `count` positions that differs, by halving; the last one is taken to, and is not asked for.

    differs(position) may raise PPMobileError for a position that cannot be tried: it is left out, up to PATIENCE times.
    """
    positions, patience = list(range(count)), PATIENCE
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        try:
            low, high = (low, middle) if differs(positions[middle]) else (middle + 1, high)
        except PPMobileError:
            if not patience:
                raise
            patience -= 1
            del positions[middle]
            high -= 1
    return positions[high]


def traced_layers(graph, image):
    """{layer path: array} of what each layer of a Graph computes, by Paddle's plain executor."""
    names = layer_outputs(graph)
    values = run_graph(graph, image, names.values())
    return {path: values[name] for path, name in names.items()}
