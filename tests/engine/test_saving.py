"""What a resume refuses and what it tells: another order, optimizer, hook, or a checkpoint edited by hand."""

from pathlib import Path

import numpy as np
import pytest

from ppmobile.config import load
from ppmobile.engine import checkpoint
from ppmobile.engine.run import assemble, train
from ppmobile.engine.saving import resume
from ppmobile.errors import CheckpointError

KEYS = {"epochs": 1, "accumulate": 2, "ema_decay": 0.9, "early_stop": 5}


def config_of(tree, output, **keys):
    """The Config of the tiny run with these keys of `train` changed."""
    return load({**tree, "train": {**tree["train"], **KEYS, **keys}, "output": str(output)})


@pytest.fixture
def resumed(tiny, tmp_path):
    """Function (edit, keys of train) -> a trainer resumed from a run of one epoch, its checkpoint edited before."""
    train(config_of(tiny, tmp_path / "run"))
    path = tmp_path / "run" / "last.safetensors"

    def call(edit=lambda saved: None, **keys):
        saved = checkpoint.load(path)
        edit(saved)
        saved.save(path)
        trainer = assemble(config_of(tiny, tmp_path / "run", **keys), Path(tmp_path / "run"))
        resume(trainer, checkpoint.load(path))
        return trainer

    return call


def test_an_unchanged_run_goes_on_without_a_word(resumed, capsys):
    trainer = resumed()
    assert (trainer.epoch, trainer.batch, trainer.step) == (1, 0, 2)
    assert "Ema" not in capsys.readouterr().out


@pytest.mark.parametrize("keys, message", [
    ({"accumulate": 1}, "the data order changed: accumulate 2 -> 1"),
    ({"batch_size": 4}, "the data order changed: batch_size 8 -> 4"),
    ({"optimizer": {"name": "SGD"}}, "has an optimizer state '.*' that this optimizer does not have; was it trained "
                                     "with another train.optimizer or other frozen layers"),
    ({"optimizer": {"name": "Adam"}}, "has no optimizer state '.*'; was it trained with another train.optimizer"),
    ({"groups": [{"match": "backbone.*", "lr": 0.0}]}, "that this optimizer does not have; .* other frozen layers"),
])
def test_changes_that_would_be_silent_are_refused(resumed, keys, message):
    with pytest.raises(CheckpointError, match=message):
        resumed(**keys)


def test_a_hook_that_is_gone_or_new_is_told(resumed, capsys):
    resumed(ema_decay=0.0)
    assert "Ema is off now: its state in " in capsys.readouterr().out
    resumed(lambda saved: saved.meta["hooks"].pop("EarlyStop"))
    out = capsys.readouterr().out
    assert "EarlyStop starts anew: " in out and "was saved without it" in out and "Ema" not in out


def planted(place, value):
    """An edit that puts `value` at a dotted place of the description."""
    def edit(saved):
        *path, last = place.split(".")
        node = saved.meta
        for name in path:
            node = node[name]
        node[last] = value
    return edit


@pytest.mark.parametrize("place, value, fault", [
    ("hooks.Ema", {}, "hooks.Ema.steps is missing"),
    ("hooks.Ema.steps", "3", "hooks.Ema.steps is '3'"),
    ("hooks.Meter.sums", [1], r"hooks.Meter.sums is \[1\]"),
    ("hooks.Meter.sums", {"loss": "x"}, "hooks.Meter.sums is {'loss': 'x'}"),
    ("hooks.Evaluate.best", "0.5", "hooks.Evaluate.best is '0.5'"),
    ("hooks.EarlyStop", {"waited": 0}, "hooks.EarlyStop.best is missing"),
    ("position.batch", 4, "position.batch is 4, an epoch has 3 batches"),
])
def test_a_description_edited_by_hand_is_told_by_its_key(resumed, place, value, fault):
    with pytest.raises(CheckpointError, match=f"last.safetensors: its description is damaged: {fault}"):
        resumed(planted(place, value))


@pytest.mark.parametrize("start, message", [
    ("model/", "holds int32 numbers, this model needs float32"),
    ("hook/Ema/", "holds int32 numbers, this model needs float32"),
])
def test_weights_of_another_kind_are_refused(resumed, start, message):
    def edit(saved):
        key = next(k for k in saved.arrays if k.startswith(start))
        saved.arrays[key] = saved.arrays[key].astype(np.int32)

    with pytest.raises(CheckpointError, match=message):
        resumed(edit)


def test_an_optimizer_array_of_another_shape_is_refused(resumed):
    def edit(saved):
        key = next(k for k in saved.arrays if k.startswith("optimizer/") and saved.arrays[k].ndim == 4)
        saved.arrays[key] = saved.arrays[key][:1]

    with pytest.raises(CheckpointError, match=r"has an optimizer state '.*' of shape \[1, .*another train.optimizer"):
        resumed(edit)


def test_an_early_file_without_accumulate_goes_on(resumed):
    assert resumed(lambda saved: saved.meta["order"].pop("accumulate")).epoch == 1


def test_a_run_that_stopped_early_stays_stopped_until_it_may_wait_longer(resumed):
    trainer = resumed(planted("hooks.EarlyStop.waited", 5), epochs=3)
    trainer.fit(3)
    assert trainer.epoch == 1 and trainer.stop == "no better result in 5 evaluations"
    trainer = resumed(epochs=2, early_stop=9)
    trainer.fit(2)
    assert trainer.epoch == 2 and not trainer.stop
