"""The int8 forms of an artefact: how each is built with some layers in float, and how it answers."""

import functools
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..artefact import Artefact
from ..errors import ConfigError
from ..export.lite import convert
from ..export.program import load_graph, save_graph
from ..predict.runtimes import open_runtime
from ..predict.runtimes.needs import FILES
from ..wording import suggestion
from .bias import correct
from .judge import judge_of
from .quantizers import gates, keep_only, layers
from .rank import answers
from .select import means

INT8 = "int8"  # the folder, below the artefact, of all int8 files


@dataclass
class Material:
    """What the int8 files are made from.

    artefact: the fp32 one; its folder is where they go. quantized: folder of Paddle's quantized graph, all layers in
    int8. images: (N, 3, H, W) float32 to calibrate on. work: a folder for what is not kept. shifts: of bias.shifts, to
    correct in Paddle's graphs.
    """

    artefact: Artefact
    quantized: Path
    images: np.ndarray
    work: Path
    shifts: dict = field(default_factory=dict)

    @functools.cached_property
    def judge(self):
        """What reads the answers and compares them."""
        return judge_of(self.artefact)


class Target:
    """Base: one int8 form. `build` may be called again with other layers in float; `finish` once, after the last."""

    name, files = "", ()

    def __init__(self, material):
        self.material, self.folder = material, material.artefact.folder

    def always_float(self):
        """Layers that are in float whatever the accuracy, because int8 only costs time there."""
        return set()

    def build(self, keep_float):
        """Write the files with these layers in float."""
        raise NotImplementedError

    def answers(self, images):
        """The answers to (M, 3, H, W) float32, a list, by the runtime that will run the files."""
        name = f"{self.name}-{INT8}"
        runtime = open_runtime(name, replace(self.material.artefact, files=dict.fromkeys(FILES[name], "")))
        try:
            return [self.material.judge.read(runtime.run(image[None])) for image in images]
        finally:
            runtime.close()

    def finish(self):
        """What is done only once the layers are chosen."""

    def discard(self):
        """Remove what `build` wrote."""
        for name in self.files:
            (self.folder / name).unlink(missing_ok=True)


class PaddleTarget(Target):
    """int8/inference.pdmodel for oneDNN. Squeeze-and-excitation stays in float: on 1x1 maps int8 costs time."""

    name, files = "paddle", ("int8/inference.pdmodel", "int8/inference.pdiparams")

    def always_float(self):
        """The gates."""
        return gates(load_graph(self.folder))

    def build(self, keep_float):
        """Write the graph with quantizers at the inputs of all other layers."""
        save_graph(without(self.material, self.folder, keep_float), self.folder / INT8)


class LiteTarget(Target):
    """int8/model_arm.nb. It cannot run here, so the plain executor judges, whose numbers Paddle Lite's equal.

    The gates are in int8, too, for a quarter of the size is why one wants int8 on a phone.
    """

    name, files = "lite", ("int8/model_arm.nb",)

    def build(self, keep_float):
        """Make the graph that `finish` converts."""
        self.graph = without(self.material, self.folder, keep_float)

    def answers(self, images):
        """Those of the graph as it is written, in simulated int8."""
        return answers(self.graph, images, self.material.judge.read)

    def finish(self):
        """Convert the graph for ARM."""
        plain = self.material.work / self.name
        save_graph(self.graph, plain)
        convert(plain, self.folder / INT8 / "model_arm.nb", "arm")
        shutil.rmtree(plain)


def without(material, fp32_folder, keep_float):
    """The quantized Graph with the layers `keep_float` in fp32 again, and the means of the others corrected."""
    fp32 = load_graph(fp32_folder)
    chosen = set(layers(fp32)) - set(keep_float)
    graph = keep_only(load_graph(material.quantized), fp32, chosen)
    correct(graph, {layer: shift for layer, shift in material.shifts.items() if layer in chosen})
    return graph


def matching(patterns, names, option="--keep-float"):
    """The layers of `names` that the patterns of an option mean, a path with * and ?, or the start of one.

    ConfigError with the nearest path for a pattern that means none.
    """
    found = []
    for pattern in patterns:
        meant = [name for name in names if means(pattern, name)]
        if not meant:
            near = suggestion(pattern, names) or f" Known: {', '.join(list(names)[:6])}, ..."
            raise ConfigError(f"{option} {pattern}: no layer that can be int8 is called so.{near}")
        found += [name for name in meant if name not in found]
    return found
