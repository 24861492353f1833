"""Batches in an order that depends on the seed and the epoch alone, from any number of worker processes."""

import signal

import numpy as np


class Loader:
    """Batches of a dataset for one of `world` processes.

    `loader.epoch(e, start)` yields dicts of NumPy arrays: image (n, 3, H, W) float32, label (n,), index (n,)
    and what the batch transforms add, plus share: this process's pictures * world / all pictures of the
    batch, which makes the mean of the processes' losses the mean over the whole batch.
    A sample's randomness is default_rng((seed, epoch, index)), so neither workers nor a resume change it.
    """

    def __init__(self, dataset, transforms, batch_size, batch_transforms=(), seed=0, shuffle=False, workers=0,
                 rank=0, world=1):
        self.dataset, self.transforms, self.batch_transforms = dataset, transforms, batch_transforms
        self.batch_size, self.seed, self.shuffle, self.workers = batch_size, seed, shuffle, workers
        self.rank, self.world = rank, world

    def __len__(self):
        return len(self._batches(0))

    def _batches(self, epoch):
        """All batches of an epoch as index arrays; a last training batch too small for BN is left out."""
        order = np.arange(len(self.dataset))
        if self.shuffle:
            order = np.random.default_rng((self.seed, epoch)).permutation(order)
        batches = [order[i:i + self.batch_size] for i in range(0, len(order), self.batch_size)]
        if self.shuffle and len(batches) > 1 and len(batches[-1]) < 2 * self.world:
            batches.pop()
        return batches

    def epoch(self, epoch, start=0):
        """Iterate over the batches of `epoch`, from batch number `start` on."""
        batches = self._batches(epoch)[start:]
        mine = [(batch[self.rank::self.world], len(batch)) for batch in batches]
        mine = [(part, whole) for part, whole in mine if len(part)]  # at the end of an evaluation there may be none
        keys = [[(epoch, int(i)) for i in part] for part, _ in mine]
        shares = [len(part) * self.world / whole for part, whole in mine]
        source = self._in_workers(keys) if self.workers else (self.collate([self[k] for k in key]) for key in keys)
        for batch, share in zip(source, shares):
            batch["share"] = share
            yield batch

    def __getitem__(self, key):
        """The transformed Sample of (epoch, index)."""
        epoch, index = key
        rng = np.random.default_rng((self.seed, epoch, index))
        return epoch, self.transforms(self.dataset.load(index), rng)

    def collate(self, items):
        """Stack samples to a batch and apply the batch transforms."""
        epoch, samples = items[0][0], [sample for _, sample in items]
        batch = {"image": np.stack([s.image for s in samples]),
                 "label": np.array([s.label for s in samples], np.int64),
                 "index": np.array([s.index for s in samples], np.int64)}
        # the extra number keeps this stream apart from that of any sample
        rng = np.random.default_rng((self.seed, epoch, samples[0].index, 1))
        for transform in self.batch_transforms:
            batch = transform(batch, rng)
        return batch

    def _in_workers(self, keys):
        import paddle

        view = _View(self)
        loader = paddle.io.DataLoader(
            view, batch_sampler=_Given(keys), collate_fn=self.collate, num_workers=self.workers,
            worker_init_fn=_quiet_worker, use_shared_memory=_shared_memory(), return_list=True)
        for batch in loader:
            yield {name: value.numpy() for name, value in batch.items()}


class _View:
    """What Paddle's DataLoader asks of a map-style dataset."""

    def __init__(self, loader):
        self.loader = loader

    def __len__(self):
        return len(self.loader.dataset)

    def __getitem__(self, key):
        return self.loader[key]


class _Given:
    """A batch sampler that gives the batches it was given."""

    def __init__(self, keys):
        self.keys = keys

    def __len__(self):
        return len(self.keys)

    def __iter__(self):
        return iter(self.keys)


def _quiet_worker(worker):
    """Workers leave Ctrl-C to the training process, and OpenCV's threads off: one process a core is the plan."""
    import cv2

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(0)


def _shared_memory():
    """False where /dev/shm is too small for batches (some notebooks): pipes are slower, but do not crash."""
    import shutil

    try:
        return shutil.disk_usage("/dev/shm").free > 256 << 20
    except OSError:
        return False
