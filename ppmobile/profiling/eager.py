"""How long each layer of a net takes when Paddle runs it eagerly, as in training: measured by hooks."""

import statistics
import time

import paddle

WARM_UP = 2


def eager_times(model, image, runs=10):
    """{layer path: milliseconds} of a net in evaluation mode, "" for itself; medians over `runs` passes.

    image: (N, 3, H, W) float32. A layer's time is its own, without that of the layers inside it, so that the sum is
    that of the net.
    """
    clock = _Clock()
    handles = []
    for path, layer in model.named_sublayers(include_self=True):
        handles += [layer.register_forward_pre_hook(clock.start(path)), layer.register_forward_post_hook(clock.stop)]
    passes = []
    try:
        with paddle.no_grad():
            tensor = paddle.to_tensor(image)
            for _ in range(WARM_UP + runs):
                clock.times = {}
                model(tensor)
                passes.append(clock.times)
    finally:
        for handle in handles:
            handle.remove()
    return {path: statistics.median(one[path] for one in passes[WARM_UP:]) for path in passes[-1]}


class _Clock:
    """Adds up each layer's own milliseconds in `times`; the layers that are running now lie on a stack."""

    def __init__(self):
        self.times, self._running = {}, []

    def start(self, path):
        """The hook before a layer's forward."""
        def hook(layer, inputs):
            self._running.append([path, time.perf_counter(), 0.0])

        return hook

    def stop(self, layer, inputs, outputs):
        """The hook after it."""
        path, start, inner = self._running.pop()
        whole = 1e3 * (time.perf_counter() - start)
        self.times[path] = self.times.get(path, 0.0) + whole - inner
        if self._running:
            self._running[-1][2] += whole
