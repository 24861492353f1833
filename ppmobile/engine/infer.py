"""Answers of a trained net for single pictures, straight from its checkpoint."""

import numpy as np
import paddle

from ..data.loader import transformed
from ..data.sample import Sample
from ..errors import DataError
from ..files import read_image
from ..transforms import Compose
from .run import restore


def classify(weights, paths, topk):
    """Yield (path, RGB picture, [(class name, probability)]) for each path, most probable first.

    An unreadable picture gives (path, None, reason), and the others are answered all the same.
    """
    model, config, classes, _ = restore(weights)
    transforms = Compose(config.transforms.eval, "transforms.eval")
    for path in paths:
        try:
            image = read_image(path)
        except DataError as error:
            yield path, None, error
            continue
        tensor = transformed(Sample(image=image, path=str(path)), transforms).image[None]
        with paddle.no_grad():
            scores = paddle.nn.functional.softmax(model(paddle.to_tensor(tensor))).numpy()[0]
        order = np.argsort(-scores, kind="stable")[:topk]
        yield path, image, [(classes[i], float(scores[i])) for i in order]
