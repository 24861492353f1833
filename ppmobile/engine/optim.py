"""Optimizers by name, with learning rate and decay multipliers by layer path."""

import fnmatch

import paddle

from ..errors import ConfigError
from ..registry import Registry, suggestion

OPTIMIZERS = Registry("optimizer", "ppmobile.engine.optim")


class Optimizer:
    """Base: `create(parameters)` makes the Paddle optimizer of parameters whose decay is already attached.

    Rate and L2 decay sit on each parameter, where every optimizer obeys them, and not in Paddle's parameter groups.
    """

    decoupled = False

    def create(self, parameters):
        """The paddle.optimizer.Optimizer over `parameters`; its rate is set at every step."""
        raise NotImplementedError


@OPTIMIZERS.register
class SGD(Optimizer):
    """Plain stochastic gradient descent with L2 decay."""

    def __init__(self, weight_decay=1e-4):
        self.weight_decay = weight_decay

    def create(self, parameters):
        """paddle.optimizer.SGD."""
        return paddle.optimizer.SGD(1.0, parameters)


@OPTIMIZERS.register
class Momentum(Optimizer):
    """SGD with (Nesterov) momentum and L2 decay."""

    def __init__(self, momentum=0.9, weight_decay=1e-4, nesterov=False):
        self.momentum, self.weight_decay, self.nesterov = momentum, weight_decay, nesterov

    def create(self, parameters):
        """paddle.optimizer.Momentum."""
        return paddle.optimizer.Momentum(1.0, self.momentum, parameters, use_nesterov=self.nesterov)


@OPTIMIZERS.register
class Adam(Optimizer):
    """Adam (arXiv:1412.6980) with L2 decay."""

    def __init__(self, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
        self.beta1, self.beta2, self.epsilon, self.weight_decay = beta1, beta2, epsilon, weight_decay

    def create(self, parameters):
        """paddle.optimizer.Adam."""
        return paddle.optimizer.Adam(1.0, self.beta1, self.beta2, self.epsilon, parameters)


@OPTIMIZERS.register
class AdamW(Optimizer):
    """Adam with decoupled decay (arXiv:1711.05101): weights shrink by rate * decay, apart from the gradient."""

    decoupled = True

    def __init__(self, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.05):
        self.beta1, self.beta2, self.epsilon, self.weight_decay = beta1, beta2, epsilon, weight_decay

    def create(self, parameters):
        """paddle.optimizer.AdamW with one Paddle group for each decay."""
        by_decay = {}
        for parameter in parameters:
            by_decay.setdefault((parameter.decay, parameter.optimize_attr["learning_rate"]), []).append(parameter)
        groups = [{"params": p, "weight_decay": decay, "learning_rate": rate}
                  for (decay, rate), p in by_decay.items()]
        return paddle.optimizer.AdamW(1.0, self.beta1, self.beta2, self.epsilon, groups, weight_decay=0.0)


@OPTIMIZERS.register
class RMSProp(Optimizer):
    """RMSProp with momentum and L2 decay, as the MobileNetV3 and EfficientNet papers train."""

    def __init__(self, rho=0.9, momentum=0.9, epsilon=1e-3, weight_decay=1e-5):
        self.rho, self.momentum, self.epsilon, self.weight_decay = rho, momentum, epsilon, weight_decay

    def create(self, parameters):
        """paddle.optimizer.RMSProp."""
        return paddle.optimizer.RMSProp(1.0, self.rho, self.epsilon, self.momentum, parameters=parameters)


def build_optimizer(model, part, groups=(), place="train"):
    """The Paddle optimizer of `model`'s parameters, in layer order.

    part: the config's `train.optimizer`. groups: list of schema.Group; the first whose pattern matches a
    parameter's path sets its multipliers; a rate of 0 freezes. BN weights and biases never decay. A pattern
    that matches nothing, or only what an earlier group took, is a ConfigError.
    """
    maker = OPTIMIZERS.build(part, f"{place}.optimizer")
    taken, trained = {}, []
    for path, parameter in model.named_parameters():
        taken[path] = next((i for i, g in enumerate(groups) if fnmatch.fnmatchcase(path, g.match)), None)
        group = None if taken[path] is None else groups[taken[path]]
        rate, decay = (group.lr, group.decay) if group else (1.0, 1.0)
        if rate == 0:
            parameter.stop_gradient = True
        if parameter.stop_gradient:
            continue
        decay *= maker.weight_decay if len(parameter.shape) > 1 else 0.0
        parameter.optimize_attr["learning_rate"] = float(rate)
        parameter.decay = decay
        parameter.regularizer = paddle.regularizer.L2Decay(decay) if decay and not maker.decoupled else None
        trained.append(parameter)
    for i, group in enumerate(groups):
        if i not in taken.values():
            raise ConfigError(f"{place}.groups.{i}.match: {group.match!r} matches "
                              f"{_why_unused(group.match, groups, taken, model)}")
    if not trained:
        raise ConfigError(f"{place}.groups: every parameter is frozen, nothing is left to train")
    return maker.create(trained)


def freeze_bn(model, patterns, place="train.freeze_bn"):
    """Keep statistics and weights of the BN layers whose path matches a pattern; call it after model.train()."""
    for i, pattern in enumerate(patterns):
        layers = [layer for path, layer in model.named_sublayers()
                  if isinstance(layer, paddle.nn.BatchNorm2D) and fnmatch.fnmatchcase(path, pattern)]
        if not layers:
            raise ConfigError(f"{place}.{i}: {pattern!r} matches no BN layer{_nearest(pattern, model)}")
        for layer in layers:
            layer.eval()
            layer.weight.stop_gradient = layer.bias.stop_gradient = True


def _why_unused(pattern, groups, taken, model):
    """What a group's pattern matches instead of free parameters; taken: {path: number of the group that has it}."""
    first = next((i for path, i in taken.items() if fnmatch.fnmatchcase(path, pattern)), None)
    if first is None:
        return f"no parameter{_nearest(pattern, model)}"
    return f"only parameters that group {first} ({groups[first].match!r}) took first; put it before that one"


def _nearest(pattern, model):
    paths = [path for path, _ in model.named_sublayers()]
    near = suggestion(pattern, paths)
    return f".{near}" if near else f"; paths look like {paths[-1]!r}"
