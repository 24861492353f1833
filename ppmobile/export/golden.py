"""The golden sample: one real picture with what the training graph makes of it, layer by layer, to replay anywhere."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import paddle

from ..artefact import GOLDEN
from ..data.sample import Sample
from ..errors import DataError, ExportError
from ..files import read_image, write_text
from ..transforms import Compose
from .compare import answers_of, arrays

SAMPLES = 16  # values kept of each layer: enough to notice a change, few enough to stay a small file


def input_of(picture, preprocess):
    """(1, 3, H, W) float32 that the steps of a deploy.yml make of a picture file, as every predictor does."""
    image = Compose(preprocess, "preprocess")(Sample(image=read_image(picture), path=str(picture))).image
    if image.ndim != 3 or image.shape[0] != 3 or image.dtype != np.float32:
        raise ExportError(f"transforms.eval gives {image.dtype} of shape {list(image.shape)}; a net takes float32 "
                          "(3, H, W): end it with Normalize and ToCHW")
    return np.ascontiguousarray(image[None])


def write_golden(folder, picture, image, model, net, deploy):
    """Write golden.json and a copy of the picture's file to `folder`.

    image: its (1, 3, H, W) input. model: the trained net, whose answers count. net: its Deployed form, for the layers.
    deploy: the fields of deploy.yml, of which a copy is kept.
    """
    name = f"golden{Path(picture).suffix.lower()}"
    shutil.copyfile(picture, Path(folder) / name)
    with paddle.no_grad():
        outputs = arrays(model.head.deployed(model(paddle.to_tensor(image))))
    write_text(Path(folder) / GOLDEN, json.dumps({
        "picture": name, "input": {"shape": list(image.shape), "sha256": digest(image)},
        **answers_of(deploy).golden(outputs, image), "layers": layer_samples(net, image), "deploy": deploy},
        ensure_ascii=False) + "\n")


def digest(image):
    """The sha256 of a tensor's bytes, as little-endian float32 in C order."""
    return hashlib.sha256(np.ascontiguousarray(image, "<f4").tobytes()).hexdigest()


def layer_samples(net, image):
    """{layer path: {"shape", "at": flat indices, "values", "mean"}} of each leaf layer's output in a Deployed net.

    Without those that answer proposals instead of pictures: on another machine rounding may order them otherwise.
    """
    return {path: sample(values) for path, values in eager_layers(net, image).items() if len(values) == len(image)}


def eager_layers(net, image):
    """{layer path: array} of what each leaf layer of a Deployed net gives; of its last call, if it has several."""
    found = {}

    def hook(path):
        def keep(layer, inputs, output):
            found.pop(path, None)
            found[path] = output.numpy()
        return keep

    leaves = [(path, layer) for path, layer in net.model.named_sublayers() if not layer.sublayers()]
    handles = [layer.register_forward_post_hook(hook(path)) for path, layer in leaves]
    try:
        with paddle.no_grad():
            net(paddle.to_tensor(image))
    finally:
        for handle in handles:
            handle.remove()
    return found


def sample(values, count=SAMPLES):
    """{"shape", "at", "values", "mean"}: `count` values of an array, evenly spread, and the mean of all of them."""
    at = np.unique(np.linspace(0, values.size - 1, count).astype(np.int64))
    return {"shape": list(values.shape), "at": at.tolist(), "values": values.reshape(-1)[at].astype(float).tolist(),
            "mean": float(values.mean(dtype=np.float64))}  # shows a change in a channel that no value was kept of


def find_picture(config):
    """The first picture of the config's val, test or train split that can be read, for the golden sample."""
    from ..engine.datasets import open_split

    reasons = []
    for split in ("val", "test", "train"):
        if config.data is None or getattr(config.data, split) is None:
            continue
        try:
            for picture in open_split(config, split).paths[:20]:
                read_image(picture)
                return picture
        except DataError as error:
            reasons.append(str(error))
    because = f" ({reasons[0]})" if reasons else ""
    raise ExportError(f"no picture for the golden sample{because}; give one of the kind the model is for: "
                      "--picture FILE")
