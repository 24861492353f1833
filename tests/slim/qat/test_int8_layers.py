"""Layers in simulated int8: the same paths and keys, ranges that follow or are learnt, and the way back to float."""

import copy

import numpy as np
import paddle
import pytest
from paddle import nn

import ppmobile
from ppmobile.errors import CheckpointError
from ppmobile.models.structure import rebuild
from ppmobile.slim.qat import layers as qat
from ppmobile.slim.qat.rounding import int8_weight

PATHS = ("backbone.stem.conv", "backbone.blocks.0.depthwise.conv", "head.fc")


def net(backbone="MobileNetV1", **options):
    """An untrained net of three classes."""
    paddle.seed(3)
    options = options or {"scale": 0.25, "out_strides": [2, 4]}
    return ppmobile.build({"task": "classify", "model": {"backbone": {"name": backbone, **options}}}, 3)


def structure(owners=None, pact=False, rate=0.5):
    """What a checkpoint says."""
    return {"ranges": owners or {path: path for path in PATHS}, "pact": pact, "moving_rate": rate}


def image(scale=1.0):
    """(2, 3, 16, 16)."""
    return paddle.to_tensor(np.random.default_rng(0).normal(size=(2, 3, 16, 16)).astype(np.float32) * scale)


def test_paths_keys_and_kinds_stay_and_only_ranges_are_new():
    model, plain = net(), net()
    qat.wrap(model, structure())
    assert [path for path, _ in model.named_sublayers()] == [path for path, _ in plain.named_sublayers()]
    new = set(model.state_dict()) - set(plain.state_dict())
    assert new == {f"{path}.input_range" for path in PATHS}
    assert isinstance(model.backbone.stem.conv, nn.Conv2D) and tuple(qat.int8_layers(model)) == PATHS


def test_the_layer_computes_with_rounded_input_and_weight():
    # against the plain layer, given the same numbers rounded by NumPy
    model = net()
    plain = copy.deepcopy(model.backbone.stem.conv)
    qat.wrap(model, structure())
    model.train()
    x = image()
    got = model.backbone.stem.conv(x).numpy()
    limit = float(model.backbone.stem.conv.input_range)
    assert limit == pytest.approx(float(np.abs(x.numpy()).max()))
    steps, limits = int8_weight(plain.weight.numpy(), 0)
    plain.weight.set_value(steps * (limits.reshape(-1, 1, 1, 1) / np.float32(127)))
    rounded = np.clip(np.round(x.numpy() * (127 / limit)), -128, 127) * np.float32(limit / 127)
    np.testing.assert_allclose(got, plain(paddle.to_tensor(rounded)).numpy(), rtol=1e-4, atol=1e-5)


def test_the_parameter_itself_is_not_rounded_and_learns():
    model = net()
    before = model.head.fc.weight.numpy()
    qat.wrap(model, structure())
    model.train()
    model(image()).square().sum().backward()
    assert (model.head.fc.weight.numpy() == before).all() and float(model.head.fc.weight.grad.abs().sum()) > 0
    assert model.head.fc.weight is model.head.fc._parameters["weight"]


def test_a_range_starts_at_the_first_batch_and_follows_the_next():
    model = net()
    qat.wrap(model, structure(rate=0.75))
    model.train()
    first = float(image().abs().max())
    model(image())
    model(image(3.0))
    assert float(model.backbone.stem.conv.input_range) == pytest.approx(0.75 * first + 0.25 * 3 * first, rel=1e-6)


def test_in_evaluation_ranges_stay_and_without_any_nothing_is_rounded():
    model, plain = net(), net()
    qat.wrap(model, structure({"backbone.stem.conv": "backbone.stem.conv"}))
    for one in (model, plain):
        one.eval()
    model(image())
    assert float(model.backbone.stem.conv.input_range) == 0 and qat.ranges(model) == {}
    # the weight is rounded all the same: it has a range from the start
    assert np.abs(model(image()).numpy() - plain(image()).numpy()).max() < 0.05


def test_layers_may_share_a_range():
    model = net()
    qat.wrap(model, structure({PATHS[0]: PATHS[0], PATHS[1]: PATHS[0]}))
    model.train()
    model(image())
    assert set(qat.ranges(model)) == set(PATHS[:2]) and len(set(qat.ranges(model).values())) == 1
    copied = copy.deepcopy(model)
    assert qat.int8_layers(copied)[PATHS[1]].range_of[0] is qat.int8_layers(copied)[PATHS[0]]


def test_the_float_form_is_the_plain_net_with_the_same_weights():
    model, plain = net(), net()
    qat.wrap(model, structure())
    model.train()
    model(image())
    found = qat.float_form(model)
    assert type(found.backbone.stem.conv) is nn.Conv2D and set(found.state_dict()) == set(plain.state_dict())
    for one in (found, plain):
        one.set_state_dict({key: value for key, value in model.state_dict().items() if "input_range" not in key})
        one.eval()
    assert (found(image()).numpy() == plain(image()).numpy()).all()
    assert "qat" not in found.structure and "qat" in model.structure and qat.float_form(plain) is plain


def test_learnt_ranges_are_parameters_that_decay():
    from ppmobile.engine.optim import build_optimizer

    model = net()
    qat.wrap(model, structure(pact=True))
    model.train()
    model(image())
    build_optimizer(model, {"name": "Momentum", "weight_decay": 0.01})
    limit = model.backbone.stem.conv.input_range
    assert not limit.stop_gradient and limit.decay == 0.01 and float(limit) == pytest.approx(float(image().abs().max()))
    before = float(limit)
    model(image(3.0)).sum().backward()
    assert float(limit) == before and limit.grad is not None  # it waits for the optimizer


def test_a_net_whose_ranges_are_learnt_is_built_again_in_a_process_after_a_trace():
    def wrapped():
        """A net whose layers have the names of the one before, since a trace lets Paddle's counter start anew."""
        with paddle.utils.unique_name.guard():
            model = net()
        rebuild(model, {"qat": structure(pact=True)}, "x")
        return model

    first, second = wrapped(), wrapped()
    for model in (first, second):
        names = [parameter.name for parameter in model.parameters()]
        assert len(set(names)) == len(names)  # optimizers keep momenta by name
        assert model.backbone.stem.conv.input_range.name.endswith(".input_range")
    assert first.backbone.stem.conv.weight.name == second.backbone.stem.conv.weight.name


def test_a_range_that_is_learnt_below_zero_still_rounds_and_is_exported():
    model = net()
    qat.wrap(model, structure(pact=True))
    model.train()
    model(image())
    layer = model.backbone.stem.conv
    layer.input_range.set_value(paddle.full([1, 1], -0.3))  # as a step of the optimizer may leave it
    assert qat.ranges(model)["backbone.stem.conv"] == qat.LEAST
    layer.input_range.set_value(paddle.full([1, 1], -0.3))
    x = image()
    assert np.abs(layer.rounded(x).numpy()).max() == pytest.approx(qat.LEAST, rel=0.02)
    layer(x).sum().backward()
    assert float(layer.input_range) == pytest.approx(qat.LEAST) and float(layer.input_range.grad.abs()) > 0


def test_rebuilt_from_its_structure_a_net_gives_the_same_bits():
    model, again = net(), net()
    qat.wrap(model, structure())
    model.train()
    model(image())
    model.eval()
    rebuild(again, model.structure, "x")
    again.set_state_dict(model.state_dict())
    again.eval()
    assert (again(image()).numpy() == model(image()).numpy()).all() and again.structure == model.structure


def test_training_branches_are_joined_and_what_they_become_is_trained():
    model = net("PPLCNetV2", size="base")
    path = next(path for path, _ in model.named_sublayers() if path.endswith(".fused"))
    qat.wrap(model, structure({path: path}))
    fused = dict(model.named_sublayers())[path]
    assert not fused.weight.stop_gradient
    before = fused.weight.numpy() + 1
    fused.weight.set_value(before)
    from ppmobile.export.paddle_graph import deployed

    exported = dict(deployed(model).model.named_sublayers())[path]
    assert (exported.weight.numpy() == before).all()  # an export must not join the branches again


@pytest.mark.parametrize("wrong, said", [
    ({"ranges": {"head.fcc": "head.fcc"}, "pact": False, "moving_rate": 0.9}, "names head.fcc"),
    ({"ranges": {"head.fc": "head.x"}, "pact": False, "moving_rate": 0.9}, "gives head.fc the range of 'head.x'"),
    ({"ranges": {}, "pact": 1, "moving_rate": 0.9}, "is {"),
    ([], r"is \[\]"),
])
def test_a_structure_that_does_not_fit_is_told(wrong, said):
    with pytest.raises(CheckpointError, match=rf"run\.safetensors: its structure, of layers in simulated int8, {said}"):
        rebuild(net(), {"qat": wrong}, "run.safetensors")
