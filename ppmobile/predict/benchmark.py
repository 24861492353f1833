"""What a prediction costs from the file to the answer, step by step, as `ppmobile infer --benchmark` prints it."""

import itertools

import numpy as np

STEPS = ("decode", "preprocess", "run", "postprocess", "total")
LEAST, WARM_UP = 50, 5  # predictions that are timed, and before them those that are not


def measure(predictor, sources, batch_size=1, least=LEAST):
    """Timings of at least `least` predictions of readable pictures, given again and again, after a warm-up."""
    sources = list(sources)
    count = max(least, len(sources))
    list(predictor.stream(itertools.islice(itertools.cycle(sources), WARM_UP * batch_size), batch_size))
    return [result.timing for result in
            predictor.stream(itertools.islice(itertools.cycle(sources), count), batch_size)]


def table(timings, title):
    """Lines of text: median and 90th percentile of each step in milliseconds a picture, and what follows from them."""
    values = {step: 1e3 * np.array([getattr(timing, step) for timing in timings]) for step in STEPS}
    medians = {step: float(np.median(v)) for step, v in values.items()}
    lines = [title, f"{'ms a picture':<14}{'median':>9}{'p90':>9}"]
    lines += [f"{step:<14}{medians[step]:>9.3f}{np.percentile(values[step], 90):>9.3f}" for step in STEPS]
    around, net = medians["preprocess"] + medians["postprocess"], medians["run"]
    verdict = "less than" if around < net else "as much as, or more than,"
    whole = (around + medians["decode"]) / net
    lines.append(f"{1e3 / values['total'].mean():.1f} pictures/s; preprocess + postprocess cost {around / net:.2f} "
                 f"times the run, {verdict} the net itself; with decode it is {whole:.2f} times")
    return lines
