"""Which layers of a net are trained in simulated int8, and which of them share a range."""

import tempfile

from ...errors import ConfigError
from ...export.paddle_graph import deployed, write_graph
from ...export.program import load_graph
from ..quantizers import gates, layers
from ..sqnr import PICTURES, compare, propose, simulate
from ..targets import matching
from .graph import owners
from .layers import CLASSES

PLACE = "keep_float"
WORDS = ("gates", "first", "auto")


def choose(model, images, keep_float):
    """{layer path: path of the layer whose range it has} of those that compute in int8.

    images: (N, 3, H, W) float32; their shape is what the net is traced with, and "auto" measures on them. keep_float:
    what stays in float, patterns of layer paths or of WORDS: "gates" are the layers of squeeze-and-excitation (perhaps
    none), "first" is the first layer, "auto" what `sqnr.propose` finds. ConfigError for a pattern that means nothing,
    or where no layer is left.
    """
    with tempfile.TemporaryDirectory(prefix="ppmobile-") as folder:
        write_graph(deployed(model), [1, *images.shape[1:]], folder)
        graph = load_graph(folder)
        auto = worst(folder, images[:PICTURES]) if "auto" in keep_float else []
    here = dict(model.named_sublayers())
    names = [name for name in layers(graph) if type(here.get(name)) in CLASSES]
    kept = {*auto, *matching([pattern for pattern in keep_float if pattern not in WORDS], names, PLACE)}
    kept |= gates(graph) if "gates" in keep_float else set()
    kept |= set(names[:1]) if "first" in keep_float else set()
    if not set(names) - kept:
        raise ConfigError(f"{PLACE}: {', '.join(keep_float)} leaves no layer for int8; take fewer")
    return shared(owners(graph), [name for name in names if name not in kept])


def worst(folder, images):
    """The layers that `sqnr.propose` would keep in float of the fp32 graph in `folder`."""
    return propose(compare(folder, simulate(folder, images), images))


def shared(owner, chosen):
    """{layer: owner} of the layers `chosen`, in order, where the first chosen one of a group owns its range."""
    first = {}
    for name in chosen:
        first.setdefault(owner[name], name)
    return {name: first[owner[name]] for name in chosen}
