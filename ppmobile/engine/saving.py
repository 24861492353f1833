"""When checkpoints are written, and how a run takes up one of them again."""

from pathlib import Path

import numpy as np

from ..compat import load_optimizer_state, optimizer_state
from ..errors import CheckpointError, PPMobileError
from ..wording import show
from . import parallel
from .checkpoint import Checkpoint, check_weights, damaged, load_weights, split_state
from .hooks import Hook, own_statistics, set_statistics


class Save(Hook):
    """Writes last, best and every-N-epochs checkpoints into the run's folder; only the first process writes.

    about: plain values that describe the run (config, classes). It must be the last hook: what it saves is
    the state of all the others.
    """

    def __init__(self, folder, about, every=0, steps=0):
        self.folder, self.about, self.every, self.steps = Path(folder), about, every, steps

    def after_step(self, trainer):
        """In mid-epoch, every so many steps."""
        if self.steps and trainer.step % self.steps == 0:
            self.write(trainer, "last")

    def after_epoch(self, trainer):
        """last always; best when it is; epoch_N every so many epochs."""
        if trainer.row.get("best"):
            self.write(trainer, "best")
        if self.every and trainer.epoch % self.every == 0:
            self.write(trainer, f"epoch_{trainer.epoch:03d}")
        self.write(trainer, "last")

    def after_train(self, trainer):
        """Where Ctrl-C stopped it, to the batch."""
        if trainer.stop == "interrupted":
            self.write(trainer, "last")

    def write(self, trainer, name):
        """Save under `name`; refuses weights that are not finite, so that a good file is never replaced by them."""
        everyone = parallel.gather(own_statistics(trainer))  # all processes come here; inside an epoch these differ
        if parallel.rank() == 0:
            checkpoint = capture(trainer, self.about)
            for number, own in enumerate(everyone[1:], 1):
                checkpoint.arrays.update({f"process/{number}/{key}": value for key, value in own.items()})
            for key, value in checkpoint.arrays.items():
                if value.dtype.kind == "f" and not np.isfinite(value).all():
                    raise PPMobileError(f"{key} is not finite after step {trainer.step}; the last good checkpoint in "
                                        f"{self.folder} is untouched. Try a smaller train.lr or train.clip_norm=1")
            checkpoint.save(self.folder / f"{name}.safetensors")


def capture(trainer, about):
    """The Checkpoint of a trainer: model, optimizer, hooks and position."""
    arrays = {f"model/{k}": v.numpy() for k, v in trainer.model.state_dict().items()}
    arrays.update({f"optimizer/{k}": v for k, v in optimizer_state(trainer.optimizer, trainer.model).items()})
    hooks = {}
    for hook in trainer.hooks:
        name = type(hook).__name__
        hook_arrays, hooks[name] = split_state(hook.state())
        arrays.update({f"hook/{name}/{k}": v for k, v in hook_arrays.items()})
    position = {"epoch": trainer.epoch, "batch": trainer.batch, "step": trainer.step}
    return Checkpoint(arrays, {**about, "structure": trainer.model.structure, "position": position,
                               "order": order_of(trainer), "hooks": hooks})


def order_of(trainer):
    """What fixes the order of the pictures, and what a position in it means: "batch" and "step" count these."""
    loader = trainer.loader
    return {"seed": loader.seed, "batch_size": loader.batch_size, "pictures": len(loader.dataset),
            "accumulate": trainer.accumulate}


def resume(trainer, checkpoint):
    """Put a trainer where `checkpoint` was captured. CheckpointError if it belongs to another run.

    A hook that is new in this run, or that the run has no longer, is told in a printed line.
    """
    same_order(trainer, checkpoint)
    load_weights(trainer.model, checkpoint.part("model"), checkpoint.path)
    check_weights(trainer.model, checkpoint.weights(), checkpoint.path)
    try:
        load_optimizer_state(trainer.optimizer, trainer.model, checkpoint.part("optimizer"))
    except ValueError as error:
        raise CheckpointError(f"{checkpoint.path}: has {error}; was it trained with another train.optimizer or other "
                              "frozen layers?") from error
    restore_hooks(trainer.hooks, checkpoint)
    set_statistics(trainer, checkpoint.part(f"process/{parallel.rank()}"))
    position = checkpoint.meta["position"]
    trainer.epoch, trainer.batch, trainer.step = position["epoch"], position["batch"], position["step"]


def same_order(trainer, checkpoint):
    """CheckpointError if the run would see other pictures, or count them otherwise, than the one that was saved."""
    now = order_of(trainer)
    saved = {"accumulate": now["accumulate"], **checkpoint.meta["order"]}  # early files do not tell it
    changed = [f"{k} {show(saved[k])} -> {now[k]}" for k in now if now[k] != saved[k]]
    if changed:
        raise CheckpointError(f"{checkpoint.path}: cannot go on, the data order changed: {', '.join(changed)}; undo "
                              "that, or start anew with model.pretrained set to this file")
    batch = checkpoint.meta["position"]["batch"]
    if batch > len(trainer.loader):
        raise damaged(checkpoint.path, f"position.batch is {batch}, an epoch has {len(trainer.loader)} batches")


def restore_hooks(hooks, checkpoint):
    """Give each hook its saved state; print a line for each that has none, and for each state without a hook."""
    saved = checkpoint.meta["hooks"]
    for hook in hooks:
        name = type(hook).__name__
        fresh, arrays = hook.state(), checkpoint.part(f"hook/{name}")
        if name not in saved and not arrays:
            tell(f"{name} starts anew: {checkpoint.path} was saved without it", fresh)
            continue
        state = {**arrays, **saved.get(name, {})}
        for key, value in fresh.items():
            if key not in state or not alike(state[key], value):
                wrong = f"is {show(state[key], 40)}" if key in state else "is missing"
                raise damaged(checkpoint.path, f"hooks.{name}.{key} {wrong}")
        if state:
            hook.restore(state)
    names = {type(hook).__name__ for hook in hooks}
    for name in sorted(set(saved) - names):
        tell(f"{name} is off now: its state in {checkpoint.path} is not used", saved[name])


def alike(saved, fresh):
    """Whether a saved value can stand for a fresh hook's: a number (None: none yet), a dict of them, or an array."""
    if isinstance(fresh, dict):
        return isinstance(saved, dict) and all(alike(value, 0.0) for value in saved.values())
    if isinstance(fresh, np.ndarray):
        return isinstance(saved, np.ndarray) and saved.shape == fresh.shape
    return isinstance(saved, (int, float)) or saved is fresh is None


def tell(text, state):
    """Print from the first process, if there is a state to speak of."""
    if state and parallel.rank() == 0:
        print(text, flush=True)
