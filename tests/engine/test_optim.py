"""Updates against NumPy, with multipliers by layer path; Paddle's own groups get some of these wrong."""

import numpy as np
import paddle
import pytest

from ppmobile.compat import load_optimizer_state, optimizer_state
from ppmobile.engine.optim import build_optimizer, freeze_bn
from ppmobile.errors import ConfigError
from ppmobile.schema import Group

RATE = 0.1


def net():
    """body: a conv without bias and a BN; top: a linear layer."""
    paddle.seed(3)
    model = paddle.nn.Layer()
    model.body = paddle.nn.Sequential(paddle.nn.Conv2D(3, 4, 3, bias_attr=False), paddle.nn.BatchNorm2D(4))
    model.top = paddle.nn.Linear(4, 2)
    model.forward = lambda x: model.top(model.body(x).mean([2, 3]))
    return model


def steps(model, optimizer, count):
    """Step `count` times; returns a list of ({path: weights before}, {path: gradients}) and the final weights."""
    x = paddle.to_tensor(np.random.default_rng(1).normal(size=(5, 3, 6, 6)).astype(np.float32))
    seen = []
    for _ in range(count):
        model(x).square().mean().backward()
        seen.append(({k: p.numpy().copy() for k, p in model.named_parameters()},
                     {k: p.grad.numpy().copy() for k, p in model.named_parameters() if p.grad is not None}))
        optimizer.set_lr(RATE)
        optimizer.step()
        optimizer.clear_grad()
    return seen, {k: p.numpy() for k, p in model.named_parameters()}


def multipliers(path):
    """(rate, decay) of test_groups: the body at a tenth with half the decay; BN and biases never decay."""
    rate, decay = (0.1, 0.5) if path.startswith("body") else (1.0, 1.0)
    return rate, decay if path in ("body.0.weight", "top.weight") else 0.0


def momentum_reference(path, seen):
    """Momentum with L2 decay: v = m v + (g + d w); w -= lr v (Paddle's momentum op, Sutskever et al. 2013)."""
    rate, decay = multipliers(path)
    weight, velocity = seen[0][0][path].astype(np.float64), 0.0
    for _, gradients in seen:
        velocity = 0.9 * velocity + gradients[path] + 0.2 * decay * weight
        weight = weight - RATE * rate * velocity
    return weight


def adamw_reference(path, seen):
    """AdamW (arXiv:1711.05101, algorithm 2), bias-corrected, decay by lr * d * w."""
    rate, decay = multipliers(path)
    weight, m, v = seen[0][0][path].astype(np.float64), 0.0, 0.0
    for t, (_, gradients) in enumerate(seen, 1):
        g = gradients[path].astype(np.float64)
        weight = weight * (1 - RATE * rate * 0.2 * decay)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        weight = weight - RATE * rate * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
    return weight


def sgd_reference(path, seen):
    """SGD with L2 decay: w -= lr (g + d w) (arXiv:1711.05101, section 1)."""
    rate, decay = multipliers(path)
    weight = seen[0][0][path].astype(np.float64)
    for _, gradients in seen:
        weight = weight - RATE * rate * (gradients[path] + 0.2 * decay * weight)
    return weight


def adam_reference(path, seen):
    """Adam (arXiv:1412.6980, algorithm 1), bias-corrected, on the gradient with L2 decay added."""
    rate, decay = multipliers(path)
    weight, m, v = seen[0][0][path].astype(np.float64), 0.0, 0.0
    for t, (_, gradients) in enumerate(seen, 1):
        g = gradients[path] + 0.2 * decay * weight
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        weight = weight - RATE * rate * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.999 ** t)) + 1e-8)
    return weight


def rmsprop_reference(path, seen):
    """RMSProp (Hinton, Coursera 2012, lecture 6e) with momentum and the rate inside it, as Paddle's operator has it:
    s = rho s + (1 - rho) g^2; u = m u + lr g / sqrt(s + eps); w -= u."""
    rate, decay = multipliers(path)
    weight, s, u = seen[0][0][path].astype(np.float64), 0.0, 0.0
    for _, gradients in seen:
        g = gradients[path] + 0.2 * decay * weight
        s = 0.9 * s + 0.1 * g * g
        u = 0.9 * u + RATE * rate * g / np.sqrt(s + 1e-3)
        weight = weight - u
    return weight


@pytest.mark.parametrize("name, reference, tolerance", [
    ("SGD", sgd_reference, 1e-5), ("Momentum", momentum_reference, 1e-5), ("Adam", adam_reference, 1e-3),
    ("AdamW", adamw_reference, 1e-3), ("RMSProp", rmsprop_reference, 1e-4)])
def test_groups_scale_rate_and_decay(name, reference, tolerance):
    model = net()
    optimizer = build_optimizer(model, {"name": name, "weight_decay": 0.2}, [Group("body.*", lr=0.1, decay=0.5)])
    seen, after = steps(model, optimizer, 3)
    for path in ("body.0.weight", "body.1.weight", "top.weight", "top.bias"):
        np.testing.assert_allclose(after[path], reference(path, seen), rtol=tolerance, atol=1e-5, err_msg=path)


def test_a_rate_of_zero_freezes():
    model = net()
    before = {k: v.numpy().copy() for k, v in model.named_parameters()}
    _, after = steps(model, build_optimizer(model, {"name": "SGD"}, [Group("body.*", lr=0.0)]), 1)
    assert np.array_equal(before["body.0.weight"], after["body.0.weight"])
    assert not np.array_equal(before["top.weight"], after["top.weight"])


def test_frozen_bn_keeps_statistics_and_weights():
    model = net()
    model.train()
    freeze_bn(model, ["body.*"])
    before = {k: v.numpy().copy() for k, v in model.state_dict().items() if k.startswith("body.1")}
    steps(model, build_optimizer(model, {"name": "Momentum"}), 2)
    assert before and all(np.array_equal(v, model.state_dict()[k].numpy()) for k, v in before.items())


def test_patterns_that_match_nothing_are_named():
    with pytest.raises(ConfigError, match=r"train.groups.1.match: 'botty.\*' matches no parameter"):
        build_optimizer(net(), {"name": "SGD"}, [Group("top.*"), Group("botty.*")])
    with pytest.raises(ConfigError, match=r"train.freeze_bn.0: 'top.\*' matches no BN layer"):
        freeze_bn(net(), ["top.*"])
    with pytest.raises(ConfigError, match="every parameter is frozen"):
        build_optimizer(net(), {"name": "SGD"}, [Group("*", lr=0.0)])


def test_a_pattern_that_comes_too_late_is_told_so():
    with pytest.raises(ConfigError) as error:
        build_optimizer(net(), {"name": "SGD"}, [Group("top.*"), Group("body.*"), Group("body.0.*")])
    assert str(error.value) == ("train.groups.2.match: 'body.0.*' matches only parameters that group 1 ('body.*') took "
                                "first; put it before that one")
    with pytest.raises(ConfigError, match=r"groups.1.match: 'top.\*' matches only parameters that group 0"):
        build_optimizer(net(), {"name": "SGD"}, [Group("top.*"), Group("top.*")])
    build_optimizer(net(), {"name": "SGD"}, [Group("body.0.*"), Group("body.*")])


def test_the_nearest_path_begins_a_sentence():
    with pytest.raises(ConfigError, match=r"'tob' matches no parameter\. Did you mean 'top'\?"):
        build_optimizer(net(), {"name": "SGD"}, [Group("tob")])
    with pytest.raises(ConfigError, match=r"'zzzz' matches no parameter; paths look like 'top'"):
        build_optimizer(net(), {"name": "SGD"}, [Group("zzzz")])


def stepped(name):
    """(optimizer state, fresh optimizer, its net) after one step of the optimizer `name`."""
    model = net()
    optimizer = build_optimizer(model, {"name": name})
    steps(model, optimizer, 1)
    fresh = net()
    return optimizer_state(optimizer, model), build_optimizer(fresh, {"name": name}), fresh


def test_state_that_does_not_fit_is_refused_and_changes_nothing():
    state, optimizer, model = stepped("Momentum")
    key = "top.weight/velocity"
    for wrong, message in [
            ({k: v for k, v in state.items() if k != key}, f"no optimizer state '{key}'"),
            ({**state, "top.weight/moment1": state[key]}, "'top.weight/moment1' that this optimizer does not have"),
            ({**state, key: state[key].T}, r"of shape \[2, 4\], not \[4, 2\]")]:
        with pytest.raises(ValueError, match=message):
            load_optimizer_state(optimizer, model, wrong)
        assert not any(v.any() for v in optimizer_state(optimizer, model).values())


def test_plain_sgd_refuses_the_state_of_adam():
    state, _, _ = stepped("Adam")
    model = net()
    with pytest.raises(ValueError, match="that this optimizer does not have"):
        load_optimizer_state(build_optimizer(model, {"name": "SGD"}), model, state)


@pytest.mark.parametrize("name", ["SGD", "Momentum", "Adam", "AdamW", "RMSProp"])
def test_state_survives_a_net_that_was_built_again(name):
    first = net()
    optimizer = build_optimizer(first, {"name": name})
    steps(first, optimizer, 2)
    state, weights = optimizer_state(optimizer, first), {k: v.numpy() for k, v in first.state_dict().items()}
    second = net()  # Paddle's automatic parameter names are other ones now
    second.set_state_dict(weights)
    resumed = build_optimizer(second, {"name": name})
    load_optimizer_state(resumed, second, state)
    _, a = steps(first, optimizer, 1)
    _, b = steps(second, resumed, 1)
    assert all(np.array_equal(a[k], b[k]) for k in a)
