"""Tries the options of all steps on the net that a slim run begins with, so that no mistake waits behind a training."""

from ..engine import run as engine
from ..engine.datasets import open_split
from ..errors import ConfigError, PPMobileError
from ..models.build import build_model
from .steps import Context


def rehearse(config, planned):
    """ConfigError, naming the step, for one of the Stages `planned` whose options do not go with the net.

    A cut or simulated int8 changes no layer's name, so the net as it is at the start will do for all of them.
    """
    model, classes = _begin(config)
    for place, one in enumerate(planned):
        try:
            one.step.rehearse(model, Context(one.config, list(classes), None, say=lambda line: None))
        except PPMobileError as error:
            raise ConfigError(f"slim.steps.{place}, {one.name}: {error}") from error


def _begin(config):
    """(Model, classes) that the steps begin with; its weights are those of no training yet if there is no start."""
    if config.slim.start:
        model, _, classes, _ = engine.restore(config.slim.start, config)
        return model, classes
    classes = open_split(config, "train").classes
    model = build_model(vars(config.model), config.task, len(classes))
    model.eval()
    return model, classes
