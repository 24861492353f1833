"""What every metric offers, so that the evaluator needs to know none of them by name."""

from ..registry import Registry

METRICS = Registry("metric", "ppmobile.metrics", given=("classes", "dataset"))


class Metric:
    """Base: counts over batches of NumPy arrays, in any number of processes.

    classes: the class names in label order. main: the key of `result()` by which the best epoch is chosen
    (higher is better); it is that dictionary's first key. shown: the keys that an epoch's line and curves show, or
    None for all of them.
    """

    main, shown = "", None

    def __init__(self, classes):
        self.classes = list(classes)

    def update(self, outputs, batch):
        """Count one batch: the model's `outputs` and the labels in `batch`, both NumPy."""
        raise NotImplementedError

    def result(self):
        """{name: plain number} of all that was counted; DataError if that is nothing."""
        raise NotImplementedError

    def state(self):
        """{name: array}: all that was counted, to be sent to another process."""
        raise NotImplementedError

    def merge(self, state):
        """Add the `state()` of a metric that counted other pictures."""
        raise NotImplementedError
