"""One stage of the chain test, in a process of its own: `python chain.py CONFIG PLACE START [kill]`.

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


def main(config, place, start, kill=""):
    """Carry out the stage slim.steps[place] of a config file, from the run `start`; "none": train it first."""
    if kill:
        kill_after_an_epoch()
    config = load(config)
    one = stage.first_stage(config) if start == "none" else stage.stage(config, int(place), start)
    works = pipeline.Works(resume=True, overwrite=False, command="chain", say=lambda line: None)
    works.carry_out(one, None if start == "none" else start)
    told = {"folder": str(one.folder), "outputs": outputs(one.folder)}
    net = measure.Net(one.folder, config)
    told.update(cost=net.cost, widths=net.widths)
    if start != "none":
        told.update(foretold=measure.Net(start, config).predicted(net.widths), start=outputs(start))
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
