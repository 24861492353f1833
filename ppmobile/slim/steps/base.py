"""What a step of a slim run is: something done to a trained net, perhaps a training, perhaps something after it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from ...config import Config
from ...registry import Registry

STEPS = Registry("slim step", "ppmobile.slim.steps")


@dataclass
class Context:
    """What a step may know. config: of its run (checked); classes: in label order; folder: where its run lies;
    say: prints a line.
    """

    config: Config
    classes: list
    folder: Path
    say: Callable = print


class Step:
    """Base: leaves the net as it is and does not train.

    A step that trains sets `trains` and takes `train`, a dict of keys of the config's section `train` that replace
    those of the config while it runs. What a step does to the structure of a net, it does by models/structure.py, so
    that the checkpoint tells it and every later step, resume and export builds the same net. After a failure the net
    is as it was.
    """

    trains, finishes = False, False  # finishes: `finish` changes the trained net
    int8 = False  # what it makes shows on an int8 runtime alone
    needs_float = False  # it cannot follow a QAT

    def sources(self):
        """{option: path} of the files, runs and folders that the step reads; `teachers.0` is an entry of a list."""
        return {}

    def check(self):
        """ConfigError, before any work, if nothing would come of its options, or a package that it needs is absent."""

    def rehearse(self, model, context):
        """ConfigError, before any work, for options that do not go with a Model, which stays as it is.

        The Model is the one that all steps begin with, whose layers have the names that they will have then.
        """

    def apply(self, model, context):
        """Change the net before its training; not called for a resume, which finds the net changed already."""

    def objective(self, model, context):
        """What is minimised: called with a batch of tensors, gives {name: scalar}."""
        return model.losses

    def hooks(self, model, context):
        """Hooks for the training, called before those that clip gradients."""
        return []

    def finish(self, model, context):
        """Change the net after its training, as it is after the last epoch."""

    def deploy(self, folder, context):
        """Add to the artefact in `folder`, just exported from the step's net, what belongs to it: int8 files."""
