"""The cost of each layer of an exported net: MACs and parameters against its time on the real runtime, and eagerly."""

from dataclasses import dataclass, field
from typing import Optional

from . import join as joining

FLOATS = ("f32", "bf16", "f16")
COSTLY = 2.0  # share of time to share of MACs from which a layer is named
NOTICED = 0.02  # share of the time below which nobody cares
NAMED = 5  # layers that a remark names
ITSELF = "Paddle itself"  # the time of a run that oneDNN does not report


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

    runtime: its name. between: {what: milliseconds} of a run that belong to no layer. primitives: how many calls of
    oneDNN a run makes. missing: paths of layers with MACs that were not found in the report. ordered: whether the
    layers ran in the order of the graph.
    """

    layers: list
    runtime: str = ""
    between: dict = field(default_factory=dict)
    primitives: int = 0
    missing: list = field(default_factory=list)
    ordered: bool = True

    @property
    def layers_ms(self):
        """Milliseconds of all layers together."""
        return sum(layer.ms or 0.0 for layer in self.layers)

    @property
    def total_ms(self):
        """Milliseconds of a run, with what lies between the layers."""
        return self.layers_ms + sum(self.between.values())

    @property
    def macs(self):
        """Multiply-accumulates of one picture."""
        return sum(layer.macs for layer in self.layers)

    def shares(self, some):
        """(share of the layers' time, share of the MACs) of a list of Layers, 0 to 1."""
        ms, macs = sum(layer.ms or 0 for layer in some), sum(layer.macs for layer in some)
        return ms / (self.layers_ms or 1), macs / (self.macs or 1)

    def in_group(self, group):
        """The layers of one of operators.GROUPS."""
        return [layer for layer in self.layers if layer.group == group]


def profile(ops, primitives, runtime, run_ms, eager=None):
    """The Profile of a graph's Operators and of the Primitives of its run.

    run_ms: the time of a whole run. eager: {layer path: ms}, where the net was also run eagerly.
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
        between[ITSELF] = rest
    for path, ms in (eager or {}).items():
        layers.setdefault(path, Layer(path, "", "other")).eager_ms = ms
    lost = [op.path for op in joining.missing(ops, places)]
    return Profile(list(layers.values()), runtime, between, len(primitives), lost, joining.in_order(places))


def by_layer(ops):
    """{layer path: Layer} of Operators, in order, without times. A layer is called what its costliest operator is."""
    layers, inside = {}, {}
    for op in ops:
        layer = layers.setdefault(op.path, Layer(op.path, "", op.group))
        inside.setdefault(op.path, []).append(op)
        layer.macs += op.macs
        layer.params += op.params
    for path, layer in layers.items():
        heaviest = max(inside[path], key=lambda op: op.macs)
        layer.group = heaviest.group
        layer.kind = heaviest.kind if heaviest.macs else "+".join(dict.fromkeys(op.kind for op in inside[path]))
    return layers


def ranked(found):
    """The layers that take time or have MACs, the slowest first."""
    return sorted((one for one in found.layers if one.ms or one.macs), key=lambda one: (-(one.ms or 0), -one.macs))


def fused(found):
    """The other layers: the runtime computes them inside their neighbours (batch norm, activations) or not at all."""
    return [one for one in found.layers if not one.ms and not one.macs]


def costly(found):
    """The layers whose share of the time is over COSTLY times that of their MACs, and large enough to matter."""
    return [one for one in ranked(found) if one.macs
            and found.shares([one])[0] > max(COSTLY * found.shares([one])[1], NOTICED)]


def remarks(found):
    """Sentences on a Profile with times: where the time goes, and which layers cost more than their MACs say."""
    lines = [*_between(found), *_kinds(found), *_precision(found)]
    if found.missing:
        lines.append(f"{len(found.missing)} layers were not found in oneDNN's report, so they show no time: "
                     f"{_some(found.missing)}")
    if not found.ordered:
        lines.append("some layers did not run in the order of the graph; of layers of equal sizes the times may be "
                     "swapped")
    return [*lines, _costly(found)]


def _between(found):
    yield f"a run takes {found.total_ms:.2f} ms, the layers {found.layers_ms:.2f} ms of it"
    for what, ms in sorted(found.between.items(), key=lambda item: -item[1]):
        if ms > NOTICED * found.total_ms:
            yield (f"{what}: {ms:.2f} ms, {ms / found.total_ms:.0%} of the run"
                   f"{_overhead(found) if what == ITSELF else ''}")


def _overhead(found):
    each = found.between[ITSELF] / found.primitives
    return (f", {each:.3f} ms for each of {found.primitives} calls of oneDNN: operators of its own and bookkeeping, of "
            "which a net of fewer and larger layers, or another runtime, has less")


def _kinds(found):
    for group, name in (("depthwise", "depthwise convolutions"), ("squeeze-and-excite", "squeeze-and-excite")):
        some = found.in_group(group)
        if some:
            time, macs = found.shares(some)
            yield f"{name}: {time:.0%} of the layers' time for {macs:.1%} of the MACs{_eagerly(found, some)}"


def _eagerly(found, some):
    """', eagerly 40% of the time', where that was measured."""
    whole = sum(layer.eager_ms or 0 for layer in found.layers)
    return f"; eagerly {sum(layer.eager_ms or 0 for layer in some) / whole:.0%} of all time" if whole else ""


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
        yield (f"{len(inside)} of {count} layers stay {stay}, {found.shares(inside)[0]:.0%} of the layers' time: "
               f"{_some([layer.path for layer in inside])}")
    else:
        yield f"all {count} layers run in {precision}"


def _costly(found):
    worse = costly(found)
    if not worse:
        return (f"no layer with {NOTICED:.0%} of the layers' time or more costs over {COSTLY:g} times what its share "
                "of the MACs says")
    told = ", ".join("{} ({:.1%} of the time, {:.1%} of the MACs)".format(one.path, *found.shares([one]))
                     for one in worse[:NAMED])
    more = f" and {len(worse) - NAMED} more" if len(worse) > NAMED else ""
    return f"cost more than {COSTLY:g} times what their MACs say: {told}{more}"


def _some(paths):
    return ", ".join(paths[:NAMED]) + (f" and {len(paths) - NAMED} more" if len(paths) > NAMED else "")
