"""The loop: accumulated batches step like one big batch, also in the shorter group at the end of an epoch."""

import numpy as np
import pytest

from ppmobile.config import load
from ppmobile.engine.run import assemble
from ppmobile.engine.trainer import Trainer

BATCHES = 3  # of 8 pictures each, in the 24 of the fixture


def fit(tiny, folder, **keys):
    """Trainer after two epochs of a net without what depends on a batch's size: BN in training, dropout."""
    tiny["model"]["head"] = {"dropout": 0.0}
    train = {**tiny["train"], "freeze_bn": ["backbone.*"], "epochs": 2, "optimizer": {"name": "SGD"}, **keys}
    rate = {"lr": 0.05, "lr_per_images": train["batch_size"] * train.get("accumulate", 1)}
    trainer = assemble(load({**tiny, "train": {**train, **rate}, "output": str(folder)}), folder)
    trainer.fit(2)
    return trainer


@pytest.mark.parametrize("accumulate, steps", [(2, 2), (3, 1), (5, 1)])
def test_a_group_steps_like_one_batch_of_its_pictures(tiny, tmp_path, accumulate, steps):
    small = fit(tiny, tmp_path / "small", batch_size=8, accumulate=accumulate)
    big = fit(tiny, tmp_path / "big", batch_size=8 * accumulate)
    assert small.step == big.step == 2 * steps
    for key, value in big.model.state_dict().items():
        np.testing.assert_allclose(small.model.state_dict()[key].numpy(), value.numpy(), rtol=1e-4, atol=1e-6,
                                   err_msg=key)


def test_group_sizes_are_the_same_wherever_an_epoch_is_taken_up():
    trainer = Trainer(None, None, range(8), accumulate=3, objective=len)  # groups of 3, 3 and 2 batches
    sizes = []
    for trainer.batch in range(8):
        sizes.append(trainer.group_size())
    assert sizes == [3, 3, 3, 3, 3, 3, 2, 2]


def test_without_amp_a_trainer_trains_in_fp32():
    assert Trainer(None, None, [], objective=len).amp.mode == "off"
