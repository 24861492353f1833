"""How much rounding to int8 adds to each layer's output, as signal-to-quantization-noise ratios: which layers suffer.

10 log10(sum x^2 / sum (x - q)^2) in dB, x being a layer's output in the fp32 graph and q in the int8 graph, over real
pictures; 20 dB is an error of a tenth of the signal. Both graphs run in Paddle's plain executor, as Paddle Lite rounds.
"""

import csv
import io
import json
from dataclasses import dataclass

import numpy as np

from ..export.program import load_graph, run_graph
from ..files import write_text
from .qat.graph import branch, quantize_graph
from .quantizers import INPUTS, layers, scales

LEAST = 15.0  # dB: the error has a thirtieth of the output's energy; a choice of ours, which no study backs yet
PICTURES = 12


@dataclass(frozen=True)
class Row:
    """A layer's ratios in dB, infinite where nothing is rounded.

    whole: all layers that the quantized graph has in int8 are, so that what comes in is noisy already. alone: this
    layer alone is.
    """

    layer: str
    whole: float
    alone: float


def compare(fp32_folder, int8, images):
    """Rows of all layers, the worst by itself first. int8: the quantized Graph. images: (N, 3, H, W) float32.

    A layer that is in float in `int8` is rounded by itself all the same, within its range on the images: whether it
    should stay in float is what the rows are asked.
    """
    fp32, beside = load_graph(fp32_folder), load_graph(fp32_folder)
    names = {layer: op.output_arg_names[0] for layer, op in layers(fp32).items()}
    whole = ratios(fp32, int8, names, names, images)
    known = scales(int8)
    copies = branch(beside, known if set(known) >= set(names) else {**limits(fp32, images), **known})
    alone = ratios(fp32, beside, {layer: names[layer] for layer in copies}, copies, images)
    rows = [Row(layer, whole[layer], alone.get(layer, float("inf"))) for layer in names]
    return sorted(rows, key=lambda row: (row.alone, row.whole))


def ratios(fp32, other, wanted, got, images):
    """{layer: dB} of variables of two Graphs over images (N, 3, H, W); wanted, got: {layer: variable} in each."""
    signal, noise = dict.fromkeys(wanted, 0.0), dict.fromkeys(wanted, 0.0)
    for image in images:
        true, rounded = run_graph(fp32, image[None], wanted.values()), run_graph(other, image[None], got.values())
        for layer in wanted:
            x, q = true[wanted[layer]].astype(np.float64), rounded[got[layer]].astype(np.float64)
            signal[layer] += float((x**2).sum())
            noise[layer] += float(((x - q) ** 2).sum())
    return {layer: decibels(signal[layer], noise[layer]) for layer in wanted}


def decibels(signal, noise):
    """10 log10(signal / noise) of two sums of squares; infinite without noise."""
    return float("inf") if noise == 0 else float(10 * np.log10(max(signal, 1e-300) / noise))


def int8_graph(artefact, images):
    """The quantized Graph of an Artefact, or one with ranges from images (N, 3, H, W) if it has no int8 files."""
    if artefact.has("int8/inference.pdmodel", "int8/inference.pdiparams"):
        return load_graph(artefact.folder / "int8")
    return simulate(artefact.folder, images)


def simulate(fp32_folder, images):
    """The fp32 graph with all layers in int8; the range of each input is the mean of the pictures' greatest values."""
    graph = load_graph(fp32_folder)
    return quantize_graph(graph, limits(graph, images))


def limits(fp32, images):
    """{layer: range of its input} in an fp32 Graph: the mean of the greatest values on each of images (N, 3, H, W)."""
    names = {layer: op.input(INPUTS[op.type])[0] for layer, op in layers(fp32).items()}
    runs = [run_graph(fp32, image[None], sorted(set(names.values()))) for image in images]
    return {layer: float(np.mean([np.abs(run[name]).max() for run in runs])) for layer, name in names.items()}


def propose(rows, least=LEAST):
    """The layers to keep in float: those that are by themselves below `least` dB, the worst first."""
    return [row.layer for row in rows if row.alone < least]


def table(rows, least=LEAST):
    """Lines for a terminal: the ratios, the worst first, and the list that keep_float would take."""
    lines = [f"{'alone dB':>8}  {'whole dB':>8}  layer"]
    lines += [f"{row.alone:8.1f}  {row.whole:8.1f}  {row.layer}" for row in rows]
    kept = json.dumps(propose(rows, least)).replace('"', "")
    return [*lines, f"below {least:g} dB by themselves, keep_float: {kept}"]


def write_csv(rows, path):
    """Write rows to a CSV file with the columns layer, whole, alone."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["layer", "whole", "alone"])
    writer.writerows([row.layer, f"{row.whole:.3f}", f"{row.alone:.3f}"] for row in rows)
    write_text(path, text.getvalue())
