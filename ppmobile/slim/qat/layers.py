"""Layers that compute in simulated int8, in the place of those they stand for: same paths, same keys, same class.

A layer becomes an instance of a subclass of its own class. What finds it by path, by key or by type, as patterns, cuts,
optimizers and checkpoints do, finds it as before; only a buffer `input_range` is new.
"""

import copy

import paddle
from paddle import nn

from ...errors import CheckpointError
from ...models.blocks import fuse
from ...wording import show
from .rounding import FakeQuantize, RoundWeight, largest_of

RANGE = "input_range"
LEAST = 1e-4  # of a range that is learnt: from there its gradient still finds back, as from below 0 it could not


class SimulatedInt8:
    """What the subclasses share. range_of: [the layer whose range the input has], for layers may share a tensor.

    A range of 0 has seen nothing yet, and nothing is rounded then; the first batch in training sets it.
    """

    channel_axis = 0  # of the weight: its output channels

    def forward(self, x):
        """As the layer it stands for, with input and weight rounded."""
        x = self.rounded(x)
        # shadows the parameter while the layer's own forward runs, which so need not be written again
        self.__dict__["weight"] = RoundWeight.apply(self._parameters["weight"], self.channel_axis)
        try:
            return super().forward(x)
        finally:
            del self.__dict__["weight"]

    def rounded(self, x):
        """The input as int8 holds it; in training its own range follows the input first."""
        owner, largest = self.range_of[0], largest_of(x)
        limit = getattr(owner, RANGE)
        if owner is self and self.training:
            self.follow(limit, largest)
        return FakeQuantize.apply(x, limit, largest) if settled(limit) > 0 else x

    def follow(self, limit, largest):
        """Move the range towards the largest value of an input; one that is learnt (PACT) is only set at first."""
        before = settled(limit)
        if before == 0:
            limit.set_value(paddle.full_like(limit, largest))
        elif limit.stop_gradient:
            limit.set_value(paddle.full_like(limit, self.moving_rate * before + (1 - self.moving_rate) * largest))


def settled(limit):
    """A range as a number, 0 if it has seen nothing; one that an optimizer has taken below LEAST is set to that."""
    value = float(limit)
    if limit.stop_gradient or value == 0 or not value < LEAST:
        return value
    limit.set_value(paddle.full_like(limit, LEAST))
    return LEAST


class Int8Conv2D(SimulatedInt8, nn.Conv2D):
    """nn.Conv2D in simulated int8."""


class Int8Conv2DTranspose(SimulatedInt8, nn.Conv2DTranspose):
    """nn.Conv2DTranspose in simulated int8."""

    channel_axis = 1


class Int8Linear(SimulatedInt8, nn.Linear):
    """nn.Linear in simulated int8."""

    channel_axis = 1


CLASSES = {nn.Conv2D: Int8Conv2D, nn.Conv2DTranspose: Int8Conv2DTranspose, nn.Linear: Int8Linear}
PLAIN = {int8: plain for plain, int8 in CLASSES.items()}


def wrap(model, structure):
    """Put layers of a Model into simulated int8, all with ranges of 0; branches of training become one layer.

    structure: {"ranges": {layer path: path of the layer whose range it has}, "pact": whether ranges are learnt,
    "moving_rate": the share of its former value that a range keeps with each batch}.
    """
    join_branches(model)
    layers = dict(model.named_sublayers())
    for path, owner in structure["ranges"].items():
        layer = layers[path]
        layer.__class__ = CLASSES[type(layer)]
        layer.moving_rate = structure["moving_rate"]
        layer.range_of = [layers[owner]]  # in a list, or it would become a sublayer
        if owner == path:
            add_range(layer, structure["pact"])
    model.structure = {**model.structure, "qat": structure}


def add_range(layer, learnt):
    """Give a layer the buffer, or with PACT the parameter, that holds its range."""
    if learnt:
        # of two axes, as decay is only for such: PACT pulls its ranges together by the decay of the weights (sec. 3.1)
        limit = layer.create_parameter([1, 1], dtype="float32", default_initializer=nn.initializer.Constant(0.0))
        # A name of its own: Paddle's counter starts anew with a trace, and the optimizer keeps momenta by name. Given
        # afterwards, for `create_parameter` refuses one that any net of this process had before.
        limit.name = f"{layer.weight.name}.{RANGE}"
        setattr(layer, RANGE, limit)
    else:
        layer.register_buffer(RANGE, paddle.zeros([1], "float32"))


def join_branches(model):
    """Join the training branches of layers that have some, and train what they become: int8 rounds what is deployed."""
    fuse(model)
    for layer in model.sublayers():
        if getattr(layer, "is_fused", False):
            for parameter in layer.parameters():
                parameter.stop_gradient = True
            for parameter in layer.fused.parameters():
                parameter.stop_gradient = False


def float_form(model):
    """The Model with its weights as they are and nothing rounded: itself, or a copy if it has layers in int8."""
    if not int8_layers(model):
        return model
    model = copy.deepcopy(model)
    for layer in int8_layers(model).values():
        for store in (layer._buffers, layer._parameters):
            store.pop(RANGE, None)
        layer.__class__ = PLAIN[type(layer)]
        del layer.range_of, layer.moving_rate
    model.structure = {key: value for key, value in model.structure.items() if key != "qat"}
    return model


def int8_layers(model):
    """{path: layer} of the layers in simulated int8."""
    return {path: layer for path, layer in model.named_sublayers() if isinstance(layer, SimulatedInt8)}


def ranges(model):
    """{path: range of its input} of the layers in simulated int8, without those that no batch has reached."""
    found = {path: settled(getattr(layer.range_of[0], RANGE)) for path, layer in int8_layers(model).items()}
    return {path: limit for path, limit in found.items() if limit > 0}


def check_structure(model, structure, source):
    """CheckpointError unless `structure` is one that `wrap` takes for this Model; source: named in it."""
    fault = _fault(dict(model.named_sublayers()), structure)
    if fault:
        raise CheckpointError(f"{source}: its structure, of layers in simulated int8, {fault}; was the config changed "
                              "since?")


def _fault(layers, structure):
    """What is wrong with it, or ""."""
    owners = structure.get("ranges") if isinstance(structure, dict) else None
    if not isinstance(owners, dict) or type(structure.get("pact")) is not bool \
            or not isinstance(structure.get("moving_rate"), float):
        return f"is {show(structure, 40)}"
    for path, owner in owners.items():
        if type(layers.get(path)) not in CLASSES:
            return f"names {path}, which this model does not have as a plain layer"
        if owners.get(owner) != owner:
            return f"gives {path} the range of {show(owner, 60)}, which has none"
    return ""
