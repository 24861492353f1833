"""Answers of a trained net for single pictures, straight from its checkpoint; typed like those of an artefact."""

import time

import numpy as np
import paddle

from ..predict.detections import DRAW_THRESHOLD
from ..predict.item import Item, finisher
from ..transforms import Compose
from .run import restore

ANY_SIZE = (-1, -1, -1, -1)


class Trained:
    """The net of a run or checkpoint, ready to answer; what it answers is what an exported artefact would."""

    def __init__(self, weights):
        """Read it. CheckpointError as of restore."""
        self.model, config, self.classes, _ = restore(weights)
        self.task = config.task
        self._steps = Compose(config.transforms.eval, "transforms.eval")

    def stream(self, sources, topk=None, threshold=None):
        """A generator of a Classification or Detections for each of `sources`: paths, bytes or arrays.

        An unreadable one gets an answer with an `error`. topk: default 5. threshold: default 0.5. ConfigError for an
        option of the other task.
        """
        usual = {"topk": 5, "draw_threshold": DRAW_THRESHOLD}
        deploy = {"task": self.task, "classes": self.classes, "postprocess": usual}
        finish, _ = finisher(deploy, topk, threshold)
        return (finish(self._answered(source)) for source in sources)

    def _answered(self, source):
        """The Item of one picture, with its answer or error."""
        item = Item(source)
        item.prepare(self._steps, ANY_SIZE, "transforms.eval")
        if not item.error:
            start = time.perf_counter()
            with paddle.no_grad():
                answer = self._answer(item.tensor)
            item.finish(answer, time.perf_counter() - start, 0.0)  # the net and the reading of it, together
        return item

    def _answer(self, tensor):
        """What a runtime's reader gives for one (3, H, W) tensor: (C,) probabilities, or (k, 6) boxes in its pixels."""
        head, outputs = self.model.head, self.model(paddle.to_tensor(tensor[None]))
        if self.task == "classify":
            return head.answer(outputs).numpy()[0]
        height, width = tensor.shape[1:]
        return head.predictions(outputs, {"frame": np.float32([[0, 0, width, height]]),
                                          "size": np.int64([[height, width]])})[0]
