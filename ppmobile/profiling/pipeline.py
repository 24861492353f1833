"""How many training pictures a second one core makes of JPEGs, and which steps take the time."""

import functools
import time


def pipeline_rates(config, dataset, count):
    """{"loaded": pictures a second of one core from file to batch, "decoded": of decoding alone, "steps": shares}.

    A process with one thread makes about `count` pictures of the dataset with the config's steps for training,
    those on batches included. steps: {"decode" or a step's name: its share of the time of a picture}.
    """
    import cv2

    from ..engine.run import training_loader

    cv2.setNumThreads(0)
    loader = training_loader(config, dataset)
    loader.workers = 0
    batches = max(2, -(-count // loader.batch_size))
    rate = per_second(lambda i: one_batch(loader, i), batches, warm_up=1) * min(loader.batch_size, len(dataset))
    decoded = per_second(lambda i: dataset.load(i % len(dataset)), count)
    return {"loaded": rate, "decoded": decoded, "steps": step_shares(loader, min(count, 100))}


def one_batch(loader, number):
    """The first batch of epoch `number`."""
    batches = loader.epoch(number)
    try:
        return next(batches)
    finally:
        batches.close()


def step_shares(loader, count):
    """{step: share of the time of a picture}, the largest first: decode, then the steps on pictures by their names."""
    import numpy as np

    spent = {}
    for number in range(count):
        rng, clock = np.random.default_rng(number), time.process_time()
        sample = loader.dataset.load(number % len(loader.dataset))
        clock = _add(spent, "decode", clock)
        for position, step in enumerate(loader.transforms.steps):
            others = [functools.partial(loader.transforms.another, position, rng, loader.dataset)]
            sample = step(sample, rng, *(others if step.takes_others else []))
            clock = _add(spent, type(step).__name__, clock)
    total = sum(spent.values())
    return {name: seconds / total for name, seconds in sorted(spent.items(), key=lambda item: -item[1])}


def _add(spent, name, clock):
    """Add the time since `clock` to spent[name]; returns the present time."""
    now = time.process_time()
    spent[name] = spent.get(name, 0.0) + now - clock
    return now


def per_second(work, count, warm_up=5):
    """How often a second of processor time `work(i)` runs, for i below `count`: what a core of its own would do."""
    for i in range(warm_up):
        work(i)
    start = time.process_time()
    for i in range(count):
        work(i)
    return count / (time.process_time() - start)
