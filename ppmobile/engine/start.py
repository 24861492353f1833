"""What a training starts from: published weights, the net of another run as it is, and a slim step done to it."""

from pathlib import Path

from ..errors import CheckpointError, ConfigError
from ..models.structure import rebuild
from ..slim.steps import STEPS, Step
from ..zoo import load_official, resolve
from . import checkpoint as checkpoints
from . import parallel
from .datasets import shorten

MARK, TRAINING = "stage.json", "training"  # of a stage of a slim run: its mark, and where its training lies


def slim_step(config):
    """The Step that this run is, which for a plain training does nothing.

    ConfigError if there are several, and for one that a training alone does not do: it does not train, or changes the
    net afterwards. The training of the latter is `training` in a stage of a slim run, beside the stage's mark.
    """
    if config.slim is None:
        return Step()
    if len(config.slim.steps) != 1:
        raise ConfigError(f"slim.steps: one training does one step, here are {len(config.slim.steps)}; "
                          "`ppmobile slim run -c FILE` does them one after the other")
    step = STEPS.build(config.slim.steps[0], "slim.steps.0")
    folder = Path(config.output)
    in_stage = step.finishes and folder.name == TRAINING and (folder.parent / MARK).is_file()
    if not step.trains or step.finishes and not in_stage:
        raise ConfigError(f"slim.steps.0: {config.slim.steps[0]['name']} is more than a training; do it with `ppmobile "
                          "slim run -c FILE`")
    return step


def load_start(model, config, classes, say):
    """Load what the config starts from into a freshly built Model: the run of slim.start, or model.pretrained."""
    if config.slim is not None and config.slim.start:
        saved = checkpoints.load(config.slim.start)
        same_classes(saved.meta["classes"], classes, saved.path, "data.train")
        rebuild(model, saved.structure, saved.path)
        checkpoints.load_weights(model, saved.weights(), saved.path)
        say(f"starting from the net of {saved.path}")
    elif config.model.pretrained:
        if parallel.rank() == 0:  # the first process downloads, the others find the file
            resolve(config.model.pretrained, config.model.backbone)
        parallel.barrier()
        weights = resolve(config.model.pretrained, config.model.backbone)
        say(load_official(model, weights))
        tell_other_classes(weights, classes, say)


def tell_other_classes(weights, classes, say):
    """Say so if `weights` are a run's that learnt as many classes of other names: the class layers start from those."""
    if weights.suffix != ".safetensors" or not checkpoints.is_run(weights):
        return
    before = checkpoints.load(weights).meta["classes"]
    if len(before) == len(classes) and list(before) != list(classes):
        say(f"{weights}: its class layers were trained for {shorten(before)}, and start from there for "
            f"{shorten(classes)}")


def same_classes(trained, found, source, what):
    """CheckpointError unless both lists of class names are equal."""
    trained, found = list(trained), list(found)
    if trained != found:
        first = next((i for i, (a, b) in enumerate(zip(trained, found)) if a != b), min(len(trained), len(found)))
        raise CheckpointError(f"{source}: was trained on {len(trained)} classes, {what} has {len(found)}; the first "
                              f"difference is class {first}: {trained[first:first + 1]} against "
                              f"{found[first:first + 1]}. Use the data it was trained on, or train again")
