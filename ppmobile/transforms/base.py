"""What a transform is, and how a list of them in a config becomes one function on samples."""

import functools
import inspect

from ..errors import ConfigError
from ..registry import Registry

TRANSFORMS = Registry("transform", "ppmobile.transforms")
BATCH_TRANSFORMS = Registry("batch transform", "ppmobile.transforms")


class Transform:
    """Base: `self(sample, rng)` changes all parts of a Sample at once and returns it.

    Every option of `__init__` is kept in an attribute of the same name, so that `to_config` can write it
    back. `deploy` tells whether the step belongs to a deployed model's preprocessing (no randomness), and
    `takes_others` whether it mixes in further pictures: it is called as `self(sample, rng, another)` then, where
    `another()` gives one more Sample.
    """

    deploy = takes_others = False

    def __call__(self, sample, rng):
        raise NotImplementedError

    def to_config(self):
        """The YAML block that builds this transform again."""
        options = {k: getattr(self, k) for k in inspect.signature(type(self)).parameters}
        return {"name": type(self).__name__, **{k: _plain(v) for k, v in options.items()}}


class Compose:
    """Transforms in a row, built from the config's list.

    Called with a Sample, a generator, and the dataset that further pictures are drawn from with that generator. A
    further picture takes the steps up to the one that asked for it.
    """

    def __init__(self, parts, place="transforms"):
        self.steps = [TRANSFORMS.build(part, f"{place}.{i}") for i, part in enumerate(parts)]

    def __call__(self, sample, rng=None, dataset=None):
        return self._through(len(self.steps), sample, rng, dataset)

    def _through(self, count, sample, rng, dataset):
        """The sample after the first `count` steps."""
        for number, step in enumerate(self.steps[:count]):
            others = [functools.partial(self.another, number, rng, dataset)] if step.takes_others else []
            sample = step(sample, rng, *others)
        return sample

    def another(self, number, rng, dataset):
        """A random Sample of the dataset, as it stands before step `number`."""
        if dataset is None:
            name = type(self.steps[number]).__name__
            raise ConfigError(f"{name} takes further pictures of a dataset; it belongs to transforms.train alone")
        return self._through(number, dataset.load(int(rng.integers(len(dataset)))), rng, dataset)

    def to_config(self):
        """The list of the steps a deployed model repeats."""
        return [step.to_config() for step in self.steps if step.deploy]


def _plain(value):
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value.item() if hasattr(value, "item") else value
