"""The graph with boxes inside gives the boxes that NumPy makes of the raw graph, in pixels of the original picture."""

import numpy as np
import paddle
import pytest
from detectors import SIDE, build, inputs

from ppmobile.errors import ExportError
from ppmobile.export import matched
from ppmobile.export.full_graph import run_full, write_full_graph
from ppmobile.export.paddle_graph import deployed, write_graph
from ppmobile.export.paddlex_boxes import describe, model_name, step_of
from ppmobile.export.program import load_graph, run_graph
from ppmobile.predict.decode_boxes import decode, nms, to_original
from ppmobile.yaml_text import parse_yaml


@pytest.fixture(scope="module", params=["yolo", "ssd"])
def both(request, tmp_path_factory):
    """(head, raw Graph, full Graph) of a detector, for two pictures at once."""
    folder, model = tmp_path_factory.mktemp("full"), build(request.param)
    net = deployed(model)
    write_graph(net, [2, 3, SIDE, SIDE], folder / "raw")
    write_full_graph(net, [2, 3, SIDE, SIDE], folder / "full")
    return model.head, load_graph(folder / "raw"), load_graph(folder / "full")


def test_both_ways_give_the_same_boxes_in_the_original_pictures(both):
    head, raw, full = both
    assert sorted(full.inputs) == ["im_shape", "image", "scale_factor"] and raw.inputs == ["image"]
    compared = 0
    for seed in range(3):
        image, sizes = inputs(2, seed), np.float32([[480, 640], [SIDE, 50]])
        outputs = list(run_graph(raw, image).values())
        feed = {"im_shape": np.full((2, 2), SIDE, np.float32), "image": image, "scale_factor": SIDE / sizes}
        got, counts = run_graph(full, feed).values()
        got = [one[one[:, 1] > 0] for one in np.split(got, np.cumsum(counts)[:-1])]
        for one, boxes, scores, size in zip(got, *decode(outputs, head.raw(), (SIDE, SIDE)), sizes):
            want = matched.found(boxes, scores, head.nms)
            want.rows, want.candidates = (to_original(rows, (0, 0, SIDE, SIDE), size)
                                          for rows in (want.rows, want.candidates))
            # rounding decides which of two equal candidates stays: partners, not bits
            pairs = matched.same([want], [matched.Found(one)], head.nms)
            assert pairs.share == 1.0 and pairs.score_error < 1e-5, (len(one), len(want.rows))
            compared += pairs.boxes
    assert compared > 50


def test_a_box_for_each_class(tmp_path):
    """Two-stage heads answer (n, A, C, 4): here that of a net that passes on what it was given."""

    class Head(paddle.nn.Layer):
        nms = {"score_threshold": 0.05, "iou_threshold": 0.5, "top_k": -1, "keep": 100}

        def answer(self, outputs):
            return outputs

    class Model(paddle.nn.Layer):
        def __init__(self):
            super().__init__()
            self.head, self.nothing = Head(), paddle.nn.Conv2D(3, 1, 1)  # a graph without weights is not written

        def forward(self, image):
            boxes = paddle.to_tensor(fixed[0]) + 0 * self.nothing(image).sum()
            return boxes, paddle.to_tensor(fixed[1])

    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 40, (2, 30, 3, 2))
    fixed = (np.concatenate([corner, corner + rng.uniform(5, 20, (2, 30, 3, 2))], axis=-1).astype(np.float32),
             rng.uniform(0, 1, (2, 30, 3)).astype(np.float32))

    class Net:
        model = Model()

    write_full_graph(Net, [2, 3, SIDE, SIDE], tmp_path, with_size=False)
    graph = load_graph(tmp_path)
    assert sorted(graph.inputs) == ["image", "scale_factor"]
    rows, counts = run_graph(graph, {"image": inputs(2), "scale_factor": np.ones((2, 2), np.float32)}).values()
    for got, want in zip(np.split(rows, np.cumsum(counts)[:-1]), nms(*fixed, **Head.nms)):
        # the operator has an order of its own within a class here
        assert got[np.lexsort(got.T[:2])] == pytest.approx(want[np.lexsort(want.T[:2])], abs=1e-4)


def test_without_objects_there_are_no_rows(tmp_path):
    net = deployed(build("yolo", sure=False))
    write_full_graph(net, [1, 3, SIDE, SIDE], tmp_path)
    assert run_full(load_graph(tmp_path), inputs(1)).shape == (0, 6)


DEPLOY = {"model": {"backbone": {"name": "MobileNetV3", "size": "large"}}, "classes": ["猫", "dog"],
          "postprocess": {"draw_threshold": 0.4},
          "preprocess": [{"name": "Resize", "size": [320, 416], "interp": "cubic", "keep_ratio": False},
                         {"name": "Normalize", "mean": [0.5] * 3, "std": [0.25] * 3, "scale": 1 / 255},
                         {"name": "ToCHW"}]}


def test_the_fields_of_inference_yml():
    text, with_size = describe("YOLOv3Head", DEPLOY, known=True)
    read = parse_yaml(text, "inference.yml")
    assert with_size and read["Global"] == {"model_name": "YOLOv3-MobileNetV3"} and read["arch"] == "YOLO"
    assert read["label_list"] == ["猫", "dog"] and read["draw_threshold"] == 0.4 and read["mode"] == "paddle"
    assert read["Preprocess"] == [
        {"type": "Resize", "interp": 2, "keep_ratio": False, "target_size": [320, 416]},  # height first
        {"type": "NormalizeImage", "is_scale": True, "mean": [0.5] * 3, "std": [0.25] * 3}, {"type": "Permute"}]


def test_a_scale_goes_into_mean_and_std():
    step = step_of({"name": "Normalize", "mean": [0.5] * 3, "std": [0.25] * 3, "scale": 0.01})
    # (v * 0.01 - 0.5) / 0.25 = (v - 50) / 25
    assert not step["is_scale"] and step["mean"] == pytest.approx([50] * 3) and step["std"] == pytest.approx([25] * 3)


@pytest.mark.parametrize("head, backbone, name", [
    ("YOLOv3Head", {"name": "MobileNetV3"}, "YOLOv3-MobileNetV3"), ("YOLOv3Head", {"name": "PPLCNet"}, ""),
    ("PicoHead", {"name": "PPLCNet", "scale": 0.75}, "PicoDet-S"), ("PicoHead", {"name": "PPLCNet"}, ""),
    ("SSDHead", {"name": "MobileNetV3"}, ""),
])
def test_names_that_paddlex_knows(head, backbone, name):
    assert model_name(head, backbone) == name


def test_what_paddlex_cannot_repeat():
    with pytest.raises(ExportError, match="PaddleX 3.7 knows no SSD on MobileNetV3; write `full` instead of"):
        describe("SSDHead", DEPLOY, known=True)
    assert parse_yaml(describe("SSDHead", DEPLOY)[0], "x")["Global"] == {"model_name": "SSDHead-MobileNetV3"}
    with pytest.raises(ExportError, match="no architecture for the head ClassifyHead"):
        describe("ClassifyHead", DEPLOY)
    for step, told in (({"name": "Pad", "size": 3}, "Pad"), ({"name": "Resize", "size": 3, "keep_ratio": True},
                                                            "Resize with keep_ratio")):
        with pytest.raises(ExportError, match=f"no step like {told} of transforms.eval for a detector"):
            step_of(step)
