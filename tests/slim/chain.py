"""One stage of the chain test, in a process of its own: `python chain.py CONFIG PLACE START FIRST [kill]`.

Prints a JSON: the stage's folder, a hash of its net's outputs, its cost as it is and as it was foretold, its widths.
"""

import hashlib
import json
import sys

import numpy as np
import paddle

from ppmobile.config import load
from ppmobile.engine import run
from ppmobile.slim import measure, pipeline, stage


def outputs(folder):
    """A hash of the outputs of the net in a run's folder, to the bit."""
    model = run.restore(folder)[0]
    image = np.random.default_rng(0).normal(size=(2, 3, 32, 32)).astype(np.float32)
    with paddle.no_grad():
        return hashlib.sha256(model(paddle.to_tensor(image)).numpy().tobytes()).hexdigest()


def kill_after_an_epoch():
    """Let a training end without a word when its first epoch is done."""
    import os

    fit = run.Trainer.fit

    def killed(trainer, epochs):
        fit(trainer, 1)
        sys.stdout.flush()
        os._exit(9)

    run.Trainer.fit = killed


def carried_out(file, place=None, start=None, first=None):
    """What is told of the stage slim.steps[place] of a config file, once it is done.

    start: the run that it begins with; first: that the whole chain began with. Without all three it is trained first.
    """
    config = load(file)
    one = stage.first_stage(config) if start is None else stage.stage(config, int(place), start, first)
    works = pipeline.Works(resume=True, overwrite=False, command="chain", say=lambda line: None)
    works.carry_out(one, start)
    net = measure.Net(one.folder, config)
    told = {"folder": str(one.folder), "outputs": outputs(one.folder), "cost": net.cost, "widths": net.widths}
    if start is not None:
        told.update(foretold=measure.Net(start, config).predicted(net.widths), start=outputs(start))
    return told


if __name__ == "__main__":
    if "kill" in sys.argv[5:]:
        kill_after_an_epoch()
    print(json.dumps(carried_out(*sys.argv[1:5])))
