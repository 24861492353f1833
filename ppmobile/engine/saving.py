"""When checkpoints are written, and how a run takes up one of them again."""

from pathlib import Path

import numpy as np

from ..compat import load_optimizer_state, optimizer_state
from ..errors import CheckpointError, PPMobileError
from . import parallel
from .checkpoint import Checkpoint, load_weights, split_state
from .hooks import Hook


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
        if parallel.rank() == 0:
            checkpoint = capture(trainer, self.about)
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
    # the loader's order is a function of these; another batch size would make "batch" mean something else
    order = {"seed": trainer.loader.seed, "batch_size": trainer.loader.batch_size,
             "pictures": len(trainer.loader.dataset)}
    return Checkpoint(arrays, {**about, "position": position, "order": order, "hooks": hooks})


def resume(trainer, checkpoint):
    """Put a trainer where `checkpoint` was captured. CheckpointError if it belongs to another run."""
    order = checkpoint.meta["order"]
    now = {"seed": trainer.loader.seed, "batch_size": trainer.loader.batch_size,
           "pictures": len(trainer.loader.dataset)}
    changed = [f"{k} {order[k]} -> {now[k]}" for k in now if now[k] != order[k]]
    if changed:
        raise CheckpointError(f"{checkpoint.path}: cannot go on, the data order changed: {', '.join(changed)}; undo "
                              "that, or start anew with model.pretrained set to this file")
    load_weights(trainer.model, checkpoint.part("model"), checkpoint.path)
    try:
        load_optimizer_state(trainer.optimizer, trainer.model, checkpoint.part("optimizer"))
    except KeyError as error:
        raise CheckpointError(f"{checkpoint.path}: has no optimizer state {error}; was it trained with another "
                              "train.optimizer or other frozen layers?") from error
    for hook in trainer.hooks:
        name = type(hook).__name__
        if name in checkpoint.meta["hooks"]:
            state = {**checkpoint.part(f"hook/{name}"), **checkpoint.meta["hooks"][name]}
            if state:
                hook.restore(state)
    position = checkpoint.meta["position"]
    trainer.epoch, trainer.batch, trainer.step = position["epoch"], position["batch"], position["step"]
