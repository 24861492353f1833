"""Nets to profile: an artefact's graph layer by layer on the runtime, and configs and runs by way of a short export."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np

from ..errors import ConfigError, ExportError
from ..export.paddle_graph import deployed
from ..export.program import load_graph
from ..export.write import export_model
from ..files import write_image
from ..models.build import build_model
from ..predict.runtimes import check_name
from . import eager, layers, onednn, operators
from .sample import image_for, shape_for
from .workers import Worker

CLASSES = 1000  # of a config without data
JUDGED_RUNS = 10  # enough for shares of the time


def profile_artefact(artefact, runtime="paddle-fp32", threads=1, runs=30, model=None):
    """The layers.Profile of an Artefact on a runtime.

    runs: how often the graph runs, with oneDNN's report and again without. model: the same net as a Model, to measure
    eager times too. ExportError if the runtime cannot run here or tells no times of layers.
    """
    onednn.supported(runtime)
    primitives = onednn.report(artefact.folder, runtime, threads, runs)
    ops = operators.operators(load_graph(artefact.folder), shape_for(artefact))
    eager_ms = eager.eager_times(deployed(model).model, image_for(artefact)) if model is not None else None
    return layers.profile(ops, primitives, runtime, run_time(artefact, runtime, threads, runs), eager_ms)


def run_time(artefact, runtime, threads, runs):
    """The quiet milliseconds of a whole run, in a process without oneDNN's report, which takes time itself."""
    with Worker(artefact.folder, runtime, threads) as worker:
        return onednn.quiet(worker.run(runs + onednn.WARM_UP)[onednn.WARM_UP:])


def untrained(config):
    """(Model with fresh weights, classes) of a config; the class count is the data's, 1000 without data."""
    from ..engine.datasets import open_split

    classes = list(open_split(config, "train").classes) if config.data else [str(i) for i in range(CLASSES)]
    model = build_model(vars(config.model), config.task, len(classes))
    model.eval()
    return model, classes


@contextlib.contextmanager
def short_export(model, config, classes, runtime="paddle-fp32"):
    """An Artefact in a temporary folder, with a grey golden picture and the fp32 graph, and the file that the library
    of `runtime` reads instead: enough to be timed. ExportErrors as of `export`.
    """
    library, _ = check_name(runtime)
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
        picture = Path(folder) / "grey.png"
        write_image(picture, np.full((*input_size(config), 3), 127, np.uint8))
        yield export_model(model, config, classes, Path(folder) / "net", ("paddle", library), picture,
                           say=lambda line: None)


def input_size(config):
    """[height, width] of what the config's eval transforms give: the size of the last step that has one."""
    size = next((part["size"] for part in reversed(config.transforms.eval) if "size" in part), None)
    if size is None:
        raise ConfigError("transforms.eval: no step has a size, so the net's input has none; set one")
    return list(size) if isinstance(size, (list, tuple)) else [size, size]


def judged_layers(artefacts, rows, threads=1):
    """{artefact's folder: what verdict.judge wants to know of its layers}, of those that ran on Paddle.

    rows: of latency.bench. An artefact whose layers cannot be timed is left out: the figures stand without it.
    """
    found = {}
    ran = {(row["folder"], row["runtime"]) for row in rows if not row["reason"]}
    for artefact in artefacts:
        own = found.setdefault(str(artefact.folder), {})
        for runtime in ("paddle-fp32", "paddle-int8"):
            if (str(artefact.folder), runtime) in ran:
                with contextlib.suppress(ExportError):
                    own.update(_told(profile_artefact(artefact, runtime, threads, JUDGED_RUNS)))
    return found


def _told(found):
    """The entries of judged_layers that a Profile gives."""
    if found.runtime == "paddle-int8":
        return {"float_layers": layers.float_layers(found)}
    return {"depthwise": found.shares(found.in_group("depthwise"))[0],
            "between": sum(found.between.values()) / found.total_ms}
