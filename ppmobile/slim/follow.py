"""Follows the channels of a net's layers through its graph, operator by operator."""

import numpy as np
from paddle import nn

from ..export.program import layer_path
from ..models.structure import CONVS, CUTTABLE, NORMS, width_of
from . import channel_maps as kinds
from .channel_maps import Map, Slots, aligned, reduced, reshaped

PICTURE = "its inputs come from no layer"
OUTPUT = "its channels are an output of the net"
UNUSED = "the traced net does not use it"


class Ports:
    """The channels of one layer. inputs, outputs: slots; a batch norm has one array for both. sites: values a channel
    has in its output. norms: paths of batch norms right behind it. used: whether the graph runs it.
    """

    def __init__(self, path, layer, slots):
        channels_in, channels_out = width_of(layer)
        self.inputs = slots.new(channels_in)
        self.outputs = self.inputs if isinstance(layer, NORMS) else slots.new(channels_out)
        self.groups = getattr(layer, "_groups", 1)
        self.producer = not isinstance(layer, NORMS) and self.groups == 1
        self.sites, self.norms, self.used = 0, [], False
        if self.groups == channels_in and channels_out % channels_in == 0 and self.groups > 1:
            slots.tie(np.repeat(self.inputs, channels_out // channels_in), self.outputs)
        elif self.groups > 1:
            reason = f"its channels meet {path}, a convolution in {self.groups} groups that is not depthwise"
            slots.pin(np.concatenate([self.inputs, self.outputs]), reason)


class Follower:
    """Runs through programs of one net and ties, in `slots`, the channels that must be kept or cut together.

    net: the Model whose programs they are. ports: {layer path: Ports}; order: paths of layers as the graph runs them.
    """

    def __init__(self, net):
        self.slots, self.order, self.layers, self.names = Slots(), [], {}, {}
        self.ports = {}
        for path, layer in net.named_sublayers():
            if isinstance(layer, CUTTABLE):
                self.layers[path], self.ports[path] = layer, Ports(path, layer, self.slots)
                for kind in ("weight", "bias", "_mean", "_variance"):
                    if getattr(layer, kind, None) is not None:
                        self.names[getattr(layer, kind).name] = (path, kind)
        self.rules = {"batch_norm": self._norm, "matmul_v2": self._linear, "concat": self._concat,
                      "transpose2": self._transpose, "softmax": self._softmax, "slice": self._slice,
                      "split": self._split}
        for operators, rule in ((kinds.CONVOLUTIONS, self._conv), (kinds.SAME, self._same),
                                (kinds.BY_CHANNEL, self._same), (kinds.RESHAPES, self._reshape),
                                (kinds.REDUCES, self._reduce), (kinds.BINARY, self._binary)):
            self.rules.update(dict.fromkeys(operators, rule))

    def follow(self, program, outputs):
        """Take in one program, whose results are the variables `outputs`."""
        self.block = program.global_block()
        self.maps = {name: Map(0, self.ports[path].outputs) for name, (path, kind) in self.names.items()
                     if kind == "bias"}
        self.sources = {}
        for op in self.block.ops:
            if op.type not in kinds.SHAPE_ONLY and any(name in self.maps or name in self.names
                                                 for name in op.input_arg_names):
                self.rules.get(op.type, self._unknown)(op)
        for name in outputs:
            self._pin(name, OUTPUT)

    def finish(self):
        """Pin what no program used."""
        for ports in self.ports.values():
            if not ports.used:
                self.slots.pin(np.concatenate([ports.inputs, ports.outputs]), UNUSED)

    def _shape(self, name):
        return tuple(self.block.var(name).shape)

    def _pin(self, name, reason):
        if name in self.maps:
            self.slots.pin(self.maps[name].slots, reason)

    def _put(self, name, found, op):
        """Set the Map of an output; None says that the operator mixes the channels of its inputs beyond recognition."""
        if found is None:
            self._unknown(op)
        else:
            self.maps[name] = found

    def _unknown(self, op):
        place = layer_path(op)
        for name in op.input_arg_names:
            self._pin(name, f"its channels go into the operator {op.type}{f' of {place}' if place else ''}, through "
                            "which they cannot be followed")

    def _enter(self, name, path, axis):
        """The layer `path` reads the variable `name`, whose channels should be on `axis`."""
        ports, found = self.ports[path], self.maps.get(name)
        if not ports.used:
            ports.used = True
            self.order.append(path)
        if found is not None and found.axis == axis and len(found.slots) == len(ports.inputs):
            self.slots.tie(found.slots, ports.inputs)
            return
        self._pin(name, f"{path} does not read its channels one by one")
        self.slots.pin(ports.inputs, PICTURE)

    def _leave(self, name, path, axis):
        """The layer `path` writes the variable `name`."""
        ports, shape = self.ports[path], self._shape(name)
        self.maps[name], self.sources[name] = Map(axis, ports.outputs), path
        ports.sites = max(ports.sites, int(np.prod(shape)) // len(ports.outputs))

    def _conv(self, op):
        path, kind = self.names.get(op.input("Filter")[0], ("", ""))
        if not isinstance(self.layers.get(path), CONVS):
            return self._unknown(op)
        self._enter(op.input("Input")[0], path, 1)
        self._leave(op.output("Output")[0], path, 1)

    def _norm(self, op):
        path, kind = self.names.get(op.input("Scale")[0], ("", ""))
        if not path:
            return self._unknown(op)
        source = self.sources.get(op.input("X")[0])
        if source and path not in self.ports[source].norms:
            self.ports[source].norms.append(path)
        self._enter(op.input("X")[0], path, 1)
        self.maps[op.output("Y")[0]] = Map(1, self.ports[path].outputs)

    def _linear(self, op):
        x, weight = op.input("X")[0], op.input("Y")[0]
        path, kind = self.names.get(weight, ("", ""))
        if not isinstance(self.layers.get(path), nn.Linear) or op.attr("trans_x") or op.attr("trans_y"):
            return self._unknown(op)
        self._enter(x, path, len(self._shape(x)) - 1)
        out = op.output("Out")[0]
        self._leave(out, path, len(self._shape(out)) - 1)

    def _same(self, op):
        name = op.input("X")[0]
        if name in self.maps:
            torn = op.type in kinds.BY_CHANNEL and self.maps[name].axis != 1
            self._put(op.output("Out")[0], None if torn else self.maps[name], op)

    def _reshape(self, op):
        name, out = op.input("X")[0], op.output("Out")[0]
        if name in self.maps:
            self._put(out, reshaped(self.maps[name], self._shape(name), self._shape(out)), op)

    def _transpose(self, op):
        name = op.input("X")[0]
        if name in self.maps:
            found = self.maps[name]
            self._put(op.output("Out")[0], Map(list(op.attr("axis")).index(found.axis), found.slots), op)

    def _reduce(self, op):
        name = op.input("X")[0]
        if name in self.maps:
            found = reduced(self.maps[name], len(self._shape(name)), op.attr("dim"), op.attr("keep_dim"),
                            op.attr("reduce_all"))
            self._put(op.output("Out")[0], found, op)

    def _softmax(self, op):
        name = op.input("X")[0]
        if name in self.maps:
            if op.attr("axis") % len(self._shape(name)) == self.maps[name].axis:
                self._pin(name, "a softmax compares its channels")
            self.maps[op.output("Out")[0]] = self.maps[name]

    def _slice(self, op):
        name, out = op.input("Input")[0], op.output("Out")[0]
        if name in self.maps:
            found, gone = self.maps[name], op.attr("decrease_axis") if op.has_attr("decrease_axis") else []
            torn = found.axis in op.attr("axes")
            axis = found.axis - sum(0 <= one < found.axis for one in gone)
            self._put(out, None if torn else Map(axis, found.slots), op)

    def _split(self, op):
        name = op.input("X")[0]
        if name in self.maps:
            found = self.maps[name]
            torn = op.attr("axis") % len(self._shape(name)) == found.axis
            for out in op.output("Out"):
                self._put(out, None if torn else found, op)

    def _concat(self, op):
        names, out = op.input("X"), op.output("Out")[0]
        axes = {self.maps[name].axis for name in names if name in self.maps}
        if len(axes) != 1:
            return self._unknown(op)
        axis = axes.pop()
        parts = [self.maps[name].slots if name in self.maps else self._foreign(self._shape(name)[axis])
                 for name in names]
        if op.attr("axis") % len(self._shape(out)) == axis:
            self.maps[out] = Map(axis, np.concatenate(parts))
            return
        for part in parts[1:]:
            self.slots.tie(parts[0], part)
        self.maps[out] = Map(axis, parts[0])

    def _foreign(self, count):
        """Slots of channels that no layer makes."""
        slots = self.slots.new(count)
        self.slots.pin(slots, "it is joined with channels that no layer makes")
        return slots

    def _binary(self, op):
        names, out = [op.input("X")[0], op.input("Y")[0]], op.output("Out")[0]
        shapes = [self._shape(name) for name in names]
        shifts = aligned(shapes, op.attr("axis"))
        found = [Map(self.maps[name].axis + shift, self.maps[name].slots) if name in self.maps else None
                 for name, shift in zip(names, shifts)]
        if found == [None, None]:  # two weights, or one and something that no layer makes
            return self._unknown(op)
        first = max((one for one in found if one is not None), key=lambda one: len(one.slots))
        for name, one, shape, shift in zip(names, found, shapes, shifts):
            place = first.axis - shift
            length = shape[place] if 0 <= place < len(shape) else 1
            if one is not None and one.axis == first.axis and length == len(first.slots):
                self.slots.tie(one.slots, first.slots)
            elif length != 1:  # each channel meets a number of its own, which no layer makes
                return self._unknown(op)
            else:
                self._pin(name, "it is broadcast over other channels")
        self.maps[out] = first
        if None not in found and np.array_equal(found[0].slots, found[1].slots):  # a layer and its bias
            self.sources[out] = self.sources.get(names[0])
