"""A detector's graph with decoding and suppression inside: it answers boxes in pixels of the original picture.

For programs that do no work of their own behind the net, PaddleX among them. It runs with Paddle alone; everything else
reads the raw graph, whose boxes NumPy makes, and verify compares the two.
"""

from pathlib import Path

import numpy as np
import paddle
from paddle import nn
from paddle.base.layer_helper import LayerHelper

from ..compat import old_ir
from .paddle_graph import save
from .program import load_graph, run_graph

FOLDER = "full"


class FullGraph(nn.Layer):
    """A Deployed net that goes on to boxes; the inputs are those of PaddleDetection's exported graphs."""

    def __init__(self, net):
        super().__init__()
        self.model = net.model

    def forward(self, im_shape, image, scale_factor):
        """(K, 6) class, score, x1, y1, x2, y2 in pixels of the original pictures, and (n,) int32, how many are whose.

        im_shape: (n, 2) height and width of the resized picture; None: that of the input. image: (n, 3, H, W).
        scale_factor: (n, 2), by how much the picture was made higher and wider.
        """
        boxes, scores = self.model.head.answer(self.model(image))
        stretch = paddle.flip(scale_factor, [1])
        resized = paddle.flip(im_shape, [1]) if im_shape is not None else \
            paddle.ones_like(stretch) * paddle.to_tensor(np.float32(image.shape[:1:-1]))
        rows, picture, counts = suppress(boxes, scores, self.model.head.nms)
        corner = paddle.gather(paddle.round(resized / stretch), picture)
        stretch = paddle.gather(stretch, picture)
        low, high = rows[:, 2:4] / stretch, rows[:, 4:] / stretch
        low, high = (paddle.minimum(nn.functional.relu(one), corner) for one in (low, high))
        # what lies outside of the picture has no area left: no score either, as it cannot be taken out here
        seen = ((high > low).astype("float32").min(axis=1, keepdim=True))
        return paddle.concat([rows[:, :1], rows[:, 1:2] * seen, low, high], axis=1), counts


class WithoutSize(nn.Layer):
    """A FullGraph of the two inputs that PaddleX gives to most detectors."""

    def __init__(self, net):
        super().__init__()
        self.full = FullGraph(net)

    def forward(self, image, scale_factor):
        """As FullGraph, whose pictures fill the input."""
        return self.full(None, image, scale_factor)


def suppress(boxes, scores, options):
    """Class-wise suppression of all pictures by Paddle's operator: rows (K, 6), their picture (K,), counts (n,).

    boxes: (n, A, 4), or (n, A, C, 4). scores: (n, A, C). options: keywords of predict.decode_boxes.nms, whose answer
    this is. Only for tracing.
    """
    inputs = {"BBoxes": boxes, "Scores": scores.transpose([0, 2, 1])}
    if len(boxes.shape) == 4:  # a box for each class: the operator takes the pictures one behind the other
        inputs = {"BBoxes": boxes.reshape([-1, *boxes.shape[2:]]), "Scores": scores.reshape([-1, scores.shape[2]]),
                  "RoisNum": paddle.full([boxes.shape[0]], boxes.shape[1], "int32")}
    helper = LayerHelper("multiclass_nms3")
    rows, index, counts = (helper.create_variable_for_type_inference(kind) for kind in ("float32", "int32", "int32"))
    helper.append_op(type="multiclass_nms3", inputs=inputs,
                     outputs={"Out": rows, "Index": index, "NmsRoisNum": counts},
                     attrs={"background_label": -1, "score_threshold": options["score_threshold"],
                            "nms_top_k": options["top_k"], "nms_threshold": options["iou_threshold"],
                            "keep_top_k": options["keep"], "nms_eta": 1.0, "normalized": True})
    return rows, _pictures(rows, counts), counts


def _pictures(rows, counts):
    """(K,) int32: the picture of each of the rows (K, 6), of which `counts` (n,) belong to each, in order."""
    place = paddle.cumsum(paddle.ones_like(rows[:, :1]), axis=0)
    ends = paddle.cumsum(counts.astype("float32")).unsqueeze(0)
    return (place > ends).astype("int32").sum(axis=1).astype("int32")


def write_full_graph(net, shape, folder, with_size=True):
    """Write a Deployed detector as inference.pdmodel and inference.pdiparams (legacy IR) to `folder`.

    shape: [N, 3, H, W] of the image. with_size: whether there is an input im_shape. ExportError as of write_graph.
    """
    pair = [shape[0], 2]
    inputs = {"im_shape": pair, "image": shape, "scale_factor": pair}
    if not with_size:
        inputs.pop("im_shape")
    with old_ir():
        save(FullGraph(net) if with_size else WithoutSize(net), inputs, Path(folder))


def load_full(artefact):
    """The Graph of the full/ folder of an Artefact."""
    return load_graph(artefact.folder / FOLDER)


def run_full(graph, image):
    """(k, 6) rows in pixels of the input (1, 3, H, W), by Paddle's plain executor; those without a score are left out.
    """
    size = np.float32([image.shape[2:]])
    feed = {"im_shape": size, "image": image, "scale_factor": np.ones_like(size)}
    rows = run_graph(graph, {name: feed[name] for name in graph.inputs})[graph.outputs[0]]
    return rows[rows[:, 1] > 0]
