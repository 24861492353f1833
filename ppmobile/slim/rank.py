"""Which layers suffer from int8: each is quantized alone, with the range of each algorithm, and answers compared."""

from dataclasses import dataclass, replace

from tqdm import tqdm

from ..export.program import load_graph, save_graph, static_mode
from .quantizers import INPUTS, keep_only, layers, scales, set_scales


@dataclass(frozen=True)
class Ranked:
    """A layer by itself. errors: {algorithm: error of the answers when only this layer is int8}.

    shared: the algorithm that a worse layer with the same input has decided on, "" if there is none.
    """

    layer: str
    errors: dict
    shared: str = ""

    @property
    def algorithm(self):
        """The one whose range the layer has: that with the least error, if it is free to choose."""
        return self.shared or min(self.errors, key=self.errors.get)

    @property
    def error(self):
        """The error with that range."""
        return self.errors[self.algorithm]


def rank(graph_folder, calibrated, names, images, judge):
    """A Ranked for each of the layers `names`, the worst first.

    graph_folder: of the fp32 graph. calibrated: {algorithm: folder of its quantized graph}. images: (N, 3, H, W).
    judge: of judge.py.
    """
    fp32 = load_graph(graph_folder)
    ranges = {algorithm: scales(load_graph(folder)) for algorithm, folder in calibrated.items()}
    want = answers(fp32, images, judge.read)
    found = []
    for name in tqdm(names, desc="layers", leave=False, disable=None):
        alone = keep_only(load_graph(next(iter(calibrated.values()))), fp32, {name})
        errors = {}
        for algorithm, ranges_of in ranges.items():
            set_scales(alone, {name: ranges_of[name]})
            errors[algorithm] = judge.error(answers(alone, images, judge.read), want)
        found.append(Ranked(name, errors))
    return sorted(found, key=lambda entry: -entry.error)


def merge(calibrated, ranking, out):
    """Write the quantized graph whose layers have the range of their best algorithm each to the folder `out`.

    ranking: of `rank`. Where layers share their input, the worst of them decides. Returns the ranking with the ranges
    that were set, the worst first.
    """
    ranges = {algorithm: scales(load_graph(folder)) for algorithm, folder in calibrated.items()}
    graph = load_graph(next(iter(calibrated.values())))
    owners = set_scales(graph, {entry.layer: ranges[entry.algorithm][entry.layer] for entry in ranking})
    save_graph(graph, out)
    chosen = {entry.layer: entry.algorithm for entry in ranking}
    done = [entry if owners[entry.layer] == entry.layer else replace(entry, shared=chosen[owners[entry.layer]])
            for entry in ranking]
    return sorted(done, key=lambda entry: -entry.error)


def answers(graph, images, read):
    """What `read` makes of the outputs of a Graph for each of (N, 3, H, W), by Paddle's plain executor: a list."""
    with static_mode(graph.scope) as executor:
        return [read(executor.run(graph.program, feed={graph.inputs[0]: image[None]}, fetch_list=graph.outputs))
                for image in images]


def least_inputs(graph, images):
    """{layer: the least value of its input on images (N, 3, H, W)} of an fp32 Graph; 0 behind a ReLU."""
    names = {layer: op.input(INPUTS[op.type])[0] for layer, op in layers(graph).items()}
    wanted = sorted(set(names.values()))
    with static_mode(graph.scope) as executor:
        runs = [executor.run(graph.program, feed={graph.inputs[0]: image[None]}, fetch_list=wanted) for image in images]
    least = {name: min(float(run[place].min()) for run in runs) for place, name in enumerate(wanted)}
    return {layer: least[name] for layer, name in names.items()}
