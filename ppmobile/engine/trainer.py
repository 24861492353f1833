"""The training loop; everything but forward, backward and step is a hook."""

import zlib

import paddle

from ..data.tensors import to_tensors
from . import parallel


class Trainer:
    """Minimises `objective(batch)`, by default the model's own losses, over a Loader for some epochs.

    Attributes for hooks: model, optimizer, loader, epoch, batch (next in this epoch), step (optimizer steps
    done), row (what this epoch reports), losses (floats of the last batch, means over all processes),
    count (pictures in the last batch), stop (why training ends early, or "").
    Randomness inside the net (dropout) is seeded by the step, so there is no generator state to save.
    """

    def __init__(self, model, optimizer, loader, hooks=(), accumulate=1, seed=0, amp=None, objective=None):
        names = [type(hook).__name__ for hook in hooks]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"hook given twice: {', '.join(sorted(twice))}")
        self.model, self.optimizer, self.loader, self.hooks = model, optimizer, loader, list(hooks)
        self.accumulate, self.seed, self.amp = accumulate, seed, amp or Amp()
        self.objective = objective or model.losses
        self.epoch = self.batch = self.step = self.count = 0
        self.row, self.losses = {}, {}
        self.stop, self.stop_request = "", False

    def fit(self, epochs):
        """Train until `epochs` are done or a hook says stop."""
        self.call("before_train")
        while self.epoch < epochs and not self.stop:
            self.model.train()
            self.row = {"epoch": self.epoch + 1}
            self.call("before_epoch")
            for batch in self.loader.epoch(self.epoch, self.batch):
                self.train_batch(batch)
                if self.stop:
                    break
            else:
                self.epoch, self.batch = self.epoch + 1, 0
                self.call("after_epoch")
        self.call("after_train")

    def train_batch(self, batch):
        """Gradients of one batch and, at the end of an accumulation, a step of the optimizer."""
        seed_step(self.seed, self.epoch, self.batch)
        self.arrays, self.count = batch, len(batch["index"])
        share = batch["share"]
        self.call("before_batch")
        with self.amp.context():
            losses = self.objective(to_tensors(batch))
        total = sum(losses.values())
        self.amp.scale(total * (share / self.group_size())).backward()
        self.batch += 1
        last = self.batch % self.accumulate == 0 or self.batch == len(self.loader)
        self.share_results({k: float(v) * share for k, v in losses.items()}, last)
        if last:
            self.call("before_step")
            self.amp.step(self.optimizer)
            self.optimizer.clear_grad()
            self.step += 1
            self.call("after_step")

    def group_size(self):
        """Batches in this batch's accumulation; the last one of an epoch may be shorter than `accumulate`."""
        start = self.batch - self.batch % self.accumulate
        return min(self.accumulate, len(self.loader) - start)

    def share_results(self, losses, last):
        """Means of losses (and, before a step, gradients) over the processes; the same stop for all."""
        mine = [*losses.values(), float(self.stop_request)]
        sums = parallel.add_gradients(self.model, mine) if last else parallel.add_numbers(mine)
        self.losses = {k: v / parallel.world() for k, v in zip(losses, sums)}
        self.call("after_backward")
        if sums[-1] and last:
            self.stop = "interrupted"

    def call(self, event):
        """Call `event` on every hook, in order."""
        for hook in self.hooks:
            getattr(hook, event)(self)

    def hook(self, name):
        """The hook of that class name, or None."""
        return next((hook for hook in self.hooks if type(hook).__name__ == name), None)


def seed_step(seed, epoch, batch):
    """Seed Paddle's generator as a pure function of where training is; processes differ by their rank."""
    paddle.seed(zlib.crc32(f"{seed} {epoch} {batch} {parallel.rank()}".encode()))


class Amp:
    """Mixed precision on a GPU: off, fp16 (with loss scaling) or bf16. On a CPU Paddle has none: fp32."""

    def __init__(self, mode="off"):
        self.mode = mode if paddle.get_device().startswith("gpu") else "off"
        self.scaler = paddle.amp.GradScaler() if self.mode == "fp16" else None

    def context(self):
        """Where the forward pass runs."""
        dtype = "float16" if self.mode == "fp16" else "bfloat16"
        return paddle.amp.auto_cast(enable=self.mode != "off", dtype=dtype)

    def scale(self, loss):
        """The loss to differentiate."""
        return self.scaler.scale(loss) if self.scaler else loss

    def unscale(self, optimizer):
        """Bring gradients back to their true size, before they are clipped."""
        if self.scaler:
            self.scaler.unscale_(optimizer)

    def step(self, optimizer):
        """One step of the optimizer, left out when fp16 gradients overflowed."""
        if self.scaler:
            self.scaler.step(optimizer)
            self.scaler.update()
        else:
            optimizer.step()
