"""What a transform is, and how a list of them in a config becomes one function on samples."""

import inspect

from ..registry import Registry

TRANSFORMS = Registry("transform", "ppmobile.transforms")
BATCH_TRANSFORMS = Registry("batch transform", "ppmobile.transforms")


class Transform:
    """Base: `self(sample, rng)` changes all parts of a Sample at once and returns it.

    Every option of `__init__` is kept in an attribute of the same name, so that `to_config` can write it
    back. `deploy` tells whether the step belongs to a deployed model's preprocessing (no randomness).
    """

    deploy = False

    def __call__(self, sample, rng):
        raise NotImplementedError

    def to_config(self):
        """The YAML block that builds this transform again."""
        options = {k: getattr(self, k) for k in inspect.signature(type(self)).parameters}
        return {"name": type(self).__name__, **{k: _plain(v) for k, v in options.items()}}


class Compose:
    """Transforms in a row, built from the config's list."""

    def __init__(self, parts, place="transforms"):
        self.steps = [TRANSFORMS.build(part, f"{place}.{i}") for i, part in enumerate(parts)]

    def __call__(self, sample, rng=None):
        for step in self.steps:
            sample = step(sample, rng)
        return sample

    def to_config(self):
        """The list of the steps a deployed model repeats."""
        return [step.to_config() for step in self.steps if step.deploy]


def _plain(value):
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value.item() if hasattr(value, "item") else value
