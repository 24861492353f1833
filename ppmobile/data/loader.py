"""Batches in an order that depends on the seed and the epoch alone, from any number of worker processes."""

import contextlib

import numpy as np

from ..errors import DataError, PPMobileError
from .collate import collate
from .workers import available, from_workers

PROBED = 8  # pictures, a compromise between what `probe` costs and what it finds
SIZING = {"transforms.train": "Resize or RandomResizedCrop", "transforms.eval": "Resize, or ResizeShort and CenterCrop"}


class Loader:
    """Batches of a dataset for one of `world` processes.

    `loader.epoch(e, start)` yields dicts of NumPy arrays: what collate.py makes for the `task` and what the batch
    transforms add, plus share: this process's pictures * world / all pictures of the batch, which makes the mean of the
    processes' losses the mean over the whole batch.
    A sample's randomness is default_rng((seed, epoch, index)), so neither workers nor a resume change it. That of the
    batch transforms is the same in all processes.
    workers: processes that load pictures; 0 loads here, and so does a system that cannot fork. DataError names
    `place`, the config's list of transforms, if what they give cannot be stacked to a batch.
    """

    def __init__(self, dataset, transforms, batch_size, batch_transforms=(), seed=0, shuffle=False, workers=0,
                 rank=0, world=1, task="classify"):
        self.dataset, self.transforms, self.batch_transforms = dataset, transforms, batch_transforms
        self.batch_size, self.seed, self.shuffle, self.workers = batch_size, seed, shuffle, workers
        self.rank, self.world, self.task = rank, world, task
        self.place = "transforms.train" if shuffle else "transforms.eval"

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
        mine = [(batch[self.rank::self.world], batch) for batch in batches]
        mine = [(part, whole) for part, whole in mine if len(part)]  # at the end of an evaluation there may be none
        jobs = [(epoch, int(whole[0]), part.tolist()) for part, whole in mine]
        shares = [len(part) * self.world / len(whole) for part, whole in mine]
        with contextlib.closing(self._source(jobs)) as source:
            for batch, share in zip(source, shares):
                batch["share"] = share
                yield batch

    def _source(self, jobs):
        """Iterate over the batches of `jobs`, in order."""
        if not (self.workers and jobs and available()):
            return (self._make(job) for job in jobs)
        epoch, first, indices = jobs[0]
        largest = max(len(part) for _, _, part in jobs) * self[(epoch, indices[0])].image.nbytes
        return from_workers(self._make, jobs, self.workers, largest)

    def _make(self, job):
        """The batch of a job: (epoch, first index of the batch over all processes, indices of this process)."""
        epoch, first, indices = job
        samples = [self[(epoch, index)] for index in indices]
        check_sizes(samples, self.place)
        batch = collate(samples, self.task)
        # the extra number keeps this stream apart from that of any sample
        rng = np.random.default_rng((self.seed, epoch, first, 1))
        for transform in self.batch_transforms:
            batch = transform(batch, rng)
        return batch

    def probe(self):
        """Make one small batch of pictures from all over the dataset, to raise now the DataError of a later batch.

        It finds transforms that do not end in what the net takes, and pictures that come out in different sizes.
        """
        count = min(PROBED, -(-self.batch_size // self.world), len(self.dataset))
        indices = np.linspace(0, len(self.dataset) - 1, count).astype(int).tolist()
        self._make((0, indices[0], indices))

    def __getitem__(self, key):
        """The transformed Sample of (epoch, index)."""
        epoch, index = key
        rng = np.random.default_rng((self.seed, epoch, index))
        return transformed(self.dataset.load(index), self.transforms, rng, self.place, self.dataset)


def transformed(sample, transforms, rng=None, place="transforms.eval", dataset=None):
    """The Sample after the steps of `place`, its image (3, H, W) float32; DataError if they fail or end otherwise.

    dataset: what further pictures are drawn from, for the steps that mix some in.
    """
    path = sample.path
    try:
        sample = transforms(sample, rng, dataset)
    except (PPMobileError, MemoryError):
        raise
    except Exception as error:  # NumPy's and OpenCV's words for steps that do not follow on each other
        raise DataError(f"{place}: the steps fail on {path}: {error}; check their order and options: "
                        "they end with Normalize and ToCHW") from error
    image = sample.image
    if image.ndim != 3 or image.shape[0] != 3 or image.dtype != np.float32:
        raise DataError(f"{place}: makes an array of shape {image.shape} and type {image.dtype} of {path}, but the "
                        "net takes (3, height, width) float32; end with Normalize and ToCHW")
    return sample


def check_sizes(samples, place):
    """DataError unless the images of a batch are of one size."""
    for sample in samples:
        if sample.image.shape != samples[0].image.shape:
            raise DataError(f"{place}: a batch needs pictures of one size, add {SIZING[place]}: got "
                            f"{_size(samples[0])} and {_size(sample)}")


def _size(sample):
    _, height, width = sample.image.shape
    return f"{width}x{height} ({sample.path})"
