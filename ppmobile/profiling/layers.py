"""The cost of each layer of an exported net: MACs and parameters against its time on the real runtime, and eagerly."""

from dataclasses import dataclass, field
from typing import Optional

from . import join as joining
from . import onednn, operators

FLOATS = ("f32", "bf16", "f16")
COSTLY = 2.0  # share of time to share of MACs from which a layer is named
NOTICED = 0.02  # share of the time below which nobody cares
NAMED = 5  # layers that a remark names
BETWEEN = "between layers"  # the group of what belongs to no layer


@dataclass
class Layer:
    """One layer. path: its place in the net. kind, group: as those of its costliest Operator. macs: of one picture.

    ms, eager_ms: milliseconds on the runtime and in eager mode; None where not known, or fused into another layer.
    type: of the numbers that its convolution reads there: "f32", "bf16", "s8", "u8"; "" if none was found.
    """

    path: str
    kind: str
    group: str
    macs: int = 0
    params: int = 0
    ms: Optional[float] = None
    eager_ms: Optional[float] = None
    type: str = ""


@dataclass
class Profile:
    """All layers of a net, and what its run takes beside them.

    runtime: its name. run_ms: median of a whole run without oneDNN's report. between: {what: ms} that belongs to no
    layer. missing: paths of layers with MACs that were not found in the report. ordered: whether the layers ran in
    the order of the graph.
    """

    layers: list
    runtime: str = ""
    run_ms: float = 0.0
    between: dict = field(default_factory=dict)
    missing: list = field(default_factory=list)
    ordered: bool = True

    @property
    def total_ms(self):
        """What shares are shares of: the run, or the sum of its parts where the report made them slower than that."""
        parts = sum(layer.ms or 0 for layer in self.layers) + sum(self.between.values())
        return max(parts, self.run_ms) or 1.0

    @property
    def macs(self):
        """Multiply-accumulates of one picture."""
        return sum(layer.macs for layer in self.layers)

    def shares(self, layer):
        """(share of the time, share of the MACs) of a Layer or of a list of them, 0 to 1."""
        some = layer if isinstance(layer, list) else [layer]
        ms, macs = sum(one.ms or 0 for one in some), sum(one.macs for one in some)
        return ms / self.total_ms, macs / (self.macs or 1)


def profile(ops, primitives, runtime, run_ms, eager=None):
    """The Profile of a graph's Operators and of the Primitives of its run.

    run_ms: the median time of a whole run. eager: {layer path: ms}, where the net was also run eagerly.
    """
    layers = by_layer(ops)
    places = joining.join(ops, primitives)
    between = {}
    for place, primitive in zip(places, primitives):
        if place is None:
            what = "changes of layout or type" if primitive.kind == "reorder" else primitive.kind
            between[what] = between.get(what, 0.0) + primitive.ms
            continue
        layer = layers[ops[place].path]
        layer.ms = (layer.ms or 0.0) + primitive.ms
        if ops[place].macs:
            layer.type = primitive.type
    rest = run_ms - sum(primitive.ms for primitive in primitives)
    if rest > 0:
        between["Paddle itself"] = rest
    for path, ms in (eager or {}).items():
        layers.setdefault(path, Layer(path, "", "other")).eager_ms = ms
    lost = [op.path for op in joining.missing(ops, places)]
    return Profile(list(layers.values()), runtime, run_ms, between, lost, joining.in_order(places))


def by_layer(ops):
    """{layer path: Layer} of Operators, in order, without times."""
    layers, most = {}, {}
    for op in ops:
        layer = layers.setdefault(op.path, Layer(op.path, op.kind, op.group))
        if op.macs > most.get(op.path, 0):  # a layer is called what its convolution is
            layer.kind, layer.group, most[op.path] = op.kind, op.group, op.macs
        layer.macs += op.macs
        layer.params += op.params
    return layers


def ranked(found):
    """The layers that cost anything, the slowest first; without a runtime by their eager time."""
    some = [layer for layer in found.layers if layer.ms or layer.macs or layer.eager_ms]
    return sorted(some, key=lambda layer: (-(layer.ms or 0), -(layer.eager_ms or 0), -layer.macs))


def group_shares(found):
    """{group: (share of the time, share of the MACs)}, and what lies between the layers; sums to 1."""
    shares = {}
    for group in operators.GROUPS:
        some = [layer for layer in found.layers if layer.group == group]
        if any(layer.ms or layer.macs for layer in some):
            shares[group] = found.shares(some)
    if found.between:
        shares[BETWEEN] = (sum(found.between.values()) / found.total_ms, 0.0)
    return shares


def remarks(found):
    """Sentences on a Profile with times: where the time goes, and which layers cost more than their MACs say."""
    lines = [*_kinds(found), *_between(found), *_precision(found)]
    if found.missing:
        lines.append(f"{len(found.missing)} layers were not found in oneDNN's report, so they show no time: "
                     f"{_some(found.missing)}")
    if not found.ordered:
        lines.append("some layers did not run in the order of the graph; of layers of equal sizes the times may be "
                     "swapped")
    return [*lines, _costly(found)]


def _kinds(found):
    shares = group_shares(found)
    for group, name in (("depthwise", "depthwise convolutions"), ("squeeze-and-excite", "squeeze-and-excite")):
        if group in shares:
            time, macs = shares[group]
            yield f"{name}: {time:.0%} of the time for {macs:.1%} of the MACs"


def _between(found):
    for what, ms in sorted(found.between.items(), key=lambda item: -item[1]):
        if ms > NOTICED * found.total_ms:
            yield f"{what}: {ms / found.total_ms:.0%} of the time, in no layer"


def float_layers(found):
    """(how many layers with MACs read floats, of how many) on the runtime."""
    typed = [layer.type for layer in found.layers if layer.type]
    return sum(kind in FLOATS for kind in typed), len(typed)


def _precision(found):
    precision = found.runtime.partition("-")[2]
    if precision == "int8":
        inside = [layer for layer in found.layers if layer.type in FLOATS]
    elif precision == "bf16":
        inside = [layer for layer in found.layers if layer.type == "f32"]
    else:
        return
    _, count = float_layers(found)
    if inside:
        stay = "in float" if precision == "int8" else "in fp32"
        yield (f"{len(inside)} of {count} layers stay {stay}, {found.shares(inside)[0]:.0%} of the time: "
               f"{_some([layer.path for layer in inside])}")
    else:
        yield f"all {count} layers run in {precision}"


def _costly(found):
    worse = [(found.shares(layer), layer) for layer in ranked(found) if layer.macs]
    worse = [(time, macs, layer) for (time, macs), layer in worse if time > max(COSTLY * macs, NOTICED)]
    if not worse:
        return f"no layer with 2 % of the time or more costs over {COSTLY:g} times what its share of the MACs says"
    told = ", ".join(f"{layer.path} ({time:.1%} of the time, {macs:.1%} of the MACs)"
                     for time, macs, layer in worse[:NAMED])
    more = f" and {len(worse) - NAMED} more" if len(worse) > NAMED else ""
    return f"cost more than {COSTLY:g} times what their MACs say: {told}{more}"


def _some(paths):
    return ", ".join(paths[:NAMED]) + (f" and {len(paths) - NAMED} more" if len(paths) > NAMED else "")
