"""Which channels of a net must be kept or cut together: groups of them, found by following a traced graph."""

import copy
from dataclasses import dataclass, field

import numpy as np

from ..errors import ConfigError
from ..export.paddle_graph import Deployed, record
from ..models.blocks import fuse
from .follow import Follower


@dataclass
class Group:
    """Channels that the same layers make, so that one choice among them cuts all these layers.

    name: path of the first of `producers`, the layers that make the channels, in the order of the graph; those of an
    attention gate, which only scale channels that others make, are in `gates` as well. atoms: (width,) numbers of the
    channels, in the order of the first producer's outputs. norms: paths of the batch norms right behind producers.
    """

    name: str
    atoms: np.ndarray
    producers: list
    norms: list = field(default_factory=list)
    gates: list = field(default_factory=list)

    @property
    def width(self):
        """How many channels there are to choose from."""
        return len(self.atoms)


@dataclass
class Coupling:
    """All groups of a net, and what each layer reads and writes of them.

    inputs, outputs: {layer path: (its inputs or outputs,) number of each channel}; two places with one number are one
    channel. fixed: {layer path: why its outputs cannot be cut}. depthwise: paths of the layers whose channels follow
    those of others. count: how many numbers there are.
    """

    groups: list
    inputs: dict
    outputs: dict
    fixed: dict
    depthwise: set
    count: int


def couple(model, image_size):
    """The Coupling of a Model for pictures of (height, width); the model is not changed.

    ExportError if the net cannot be traced, with the layer that failed; ConfigError for one in simulated int8.
    """
    if "qat" in model.structure:
        raise ConfigError("the net holds quantizers of a QAT step, whose ranges are of its channels; cut before QAT")
    net = copy.deepcopy(model)
    net.eval()
    follower = Follower(net)
    shape = [1, 3, *image_size]
    follower.follow(*record(Deployed(net), shape))
    if any(hasattr(layer, "fuse") for layer in net.sublayers()):  # the branches and what becomes of them, alike
        fuse(net)
        follower.follow(*record(Deployed(net), shape))
    follower.finish()
    return _coupling(follower)


def _coupling(follower):
    slots, ports = follower.slots, follower.ports
    atoms = slots.atoms()
    count = int(atoms.max()) + 1 if len(atoms) else 0
    why = np.full(count, -1)
    for index in reversed(range(len(slots.pins))):  # of several reasons the first one is told
        why[atoms[slots.pins[index][0]]] = index
    reads = {path: atoms[port.inputs] for path, port in ports.items()}
    writes = {path: atoms[port.outputs] for path, port in ports.items()}
    fixed = {path: slots.pins[why[own].max()][1] for path, own in writes.items() if (why[own] >= 0).all()}
    producers = [path for path in follower.order if ports[path].producer]
    depthwise = {path for path, port in ports.items() if port.groups > 1}
    return Coupling(_groups(producers, ports, writes, why < 0), reads, writes, fixed, depthwise, count)


def _groups(producers, ports, writes, free):
    """The Groups of the channels that are `free` (count,) to be cut: those that exactly the same producers make."""
    made = np.zeros((len(free), len(producers)), bool)
    for column, path in enumerate(producers):
        made[writes[path], column] = True
    made[~free] = False
    kinds, kind_of = np.unique(made, axis=0, return_inverse=True)
    kind_of, groups = kind_of.reshape(-1), []
    for kind in range(len(kinds)):
        own = [producers[column] for column in np.flatnonzero(kinds[kind])]
        if own:
            order = writes[own[0]][kind_of[writes[own[0]]] == kind]
            groups.append(_group(own, order[np.sort(np.unique(order, return_index=True)[1])], ports))
    groups.sort(key=lambda group: producers.index(group.producers[0]))
    return _named_apart(groups)


def _group(own, atoms, ports):
    sites = max(ports[path].sites for path in own)
    gates = [path for path in own if ports[path].sites == 1 < sites]
    return Group(own[0], atoms, own, [norm for path in own for norm in ports[path].norms], gates)


def _named_apart(groups):
    """Groups of one first producer, which makes parts of several, get a number behind its path."""
    seen = {}
    for group in groups:
        seen[group.name] = seen.get(group.name, 0) + 1
        if seen[group.name] > 1:
            group.name = f"{group.name}#{seen[group.name]}"
    return groups
