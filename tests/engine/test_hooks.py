"""Hooks: moving average, clipping, NaN guard and early stop, against hand calculations."""

import numpy as np
import paddle
import pytest

from ppmobile.config import load
from ppmobile.engine import checkpoint
from ppmobile.engine.hooks import ClipGradient, EarlyStop, Ema, Hook
from ppmobile.engine.run import assemble, train
from ppmobile.engine.trainer import Amp, Trainer
from ppmobile.errors import PPMobileError


class Owner:
    """As much of a trainer as these hooks look at."""

    def __init__(self, model=None, row=None):
        self.model, self.row, self.stop, self.amp, self.optimizer = model, row or {}, "", Amp(), None


def test_average_follows_its_formula():
    model = paddle.nn.Linear(1, 1)
    owner, ema, expected = Owner(model), Ema(0.5), None
    ema.before_train(owner)
    expected = float(model.weight)
    for t in range(5):
        model.weight.set_value(np.full((1, 1), float(t), np.float32))
        ema.after_step(owner)
        decay = min(0.5, (1 + t) / (10 + t))  # the warm-up that the docstring promises
        expected = decay * expected + (1 - decay) * t
        assert float(ema.average["weight"]) == pytest.approx(expected, rel=1e-6)
    with ema.applied(model):
        assert float(model.weight) == pytest.approx(expected, rel=1e-6)
    assert float(model.weight) == 4.0


def test_clipping_scales_all_gradients_together():
    model = paddle.nn.Linear(2, 1)
    (model(paddle.to_tensor([[3.0, 0.0]])) * 4).sum().backward()  # gradients: weight (12, 0), bias 4
    ClipGradient(1.0).before_step(Owner(model))
    norm = np.sqrt(12 ** 2 + 4 ** 2)
    np.testing.assert_allclose(model.weight.grad.numpy().ravel(), [12 / norm, 0], rtol=1e-5)
    np.testing.assert_allclose(model.bias.grad.numpy(), [4 / norm], rtol=1e-5)


def test_early_stop_waits_for_its_patience():
    hook, stops = EarlyStop(2), []
    for score in (0.5, 0.6, 0.6, None, 0.59, 0.7):
        owner = Owner(row={} if score is None else {"score": score})
        hook.after_epoch(owner)
        stops.append(owner.stop)
    assert stops == ["", "", "", "", "no better result in 2 evaluations", ""]


@pytest.mark.parametrize("plant, found", [
    (lambda sample: sample.copy(image=sample.image * np.float32("nan")), "the gradient of .* is not finite"),
    (lambda sample: sample.copy(image=sample.image + np.float32("inf")), "is not finite|loss_cls is nan"),
])
def test_a_planted_nan_is_found_before_it_reaches_the_weights(tiny, tmp_path, monkeypatch, plant, found):
    trainer = assemble(load({**tiny, "train": {**tiny["train"], "epochs": 3}}), tmp_path / "run")
    original = type(trainer.loader).__getitem__

    def poisoned(self, key):
        sample = original(self, key)
        return plant(sample) if key == (1, 5) else sample

    monkeypatch.setattr(type(trainer.loader), "__getitem__", poisoned)
    with pytest.raises(PPMobileError, match=found) as error:
        trainer.fit(3)
    assert "(epoch 2, batch" in str(error.value)
    assert trainer.loader.dataset.paths[5] in str(error.value)
    assert all(np.isfinite(p.numpy()).all() for p in trainer.model.parameters() if not p.stop_gradient)
    good = checkpoint.load(tmp_path / "run" / "last.safetensors")
    assert good.meta["position"]["epoch"] == 1
    assert all(np.isfinite(v).all() for v in good.arrays.values())


def test_a_loss_that_is_not_finite_is_named(tiny, tmp_path, monkeypatch):
    trainer = assemble(load(tiny), tmp_path / "run")
    head = type(trainer.model.head)
    original = head.losses
    monkeypatch.setattr(head, "losses", lambda self, *a: {k: v * float("inf") for k, v in original(self, *a).items()})
    with pytest.raises(PPMobileError, match=r"loss_cls is inf at step 1 \(epoch 1, batch 1\)"):
        trainer.fit(1)


def test_a_hook_given_twice_is_an_error():
    with pytest.raises(ValueError, match="hook given twice: Hook"):
        Trainer(None, None, None, [Hook(), Hook()])


def test_accumulated_batches_step_like_one_big_batch(tiny, tmp_path):
    tiny["model"]["head"] = {"dropout": 0.0}
    tiny["train"].update(freeze_bn=["backbone.*"], epochs=1)
    big = {**tiny, "train": {**tiny["train"], "batch_size": 24}, "output": str(tmp_path / "big")}
    small = {**tiny, "train": {**tiny["train"], "accumulate": 3, "lr_per_images": 24}, "output": str(tmp_path / "s")}
    big["train"]["lr_per_images"] = 24
    a, b = train(load(big)), train(load(small))
    assert a.step == b.step == 1
    for key, value in a.model.state_dict().items():
        np.testing.assert_allclose(b.model.state_dict()[key].numpy(), value.numpy(), rtol=1e-4, atol=1e-6, err_msg=key)


def test_mixed_precision_on_a_cpu_says_that_it_trains_in_fp32(tiny, tmp_path, capsys):
    assemble(load({**tiny, "train": {**tiny["train"], "amp": "bf16"}}), tmp_path)
    assert "train.amp: bf16 needs a GPU; training in fp32" in capsys.readouterr().out
