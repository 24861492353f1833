"""What a detector's deploy.yml and golden.json may say: all else is told in a line."""

import json

import pytest

from ppmobile.deploy_boxes import finite, postprocess_problem, sample_problem
from ppmobile.models.heads.faster_rcnn import FasterRCNNHead
from ppmobile.models.heads.picodet import PicoHead
from ppmobile.models.heads.ssd import SSDHead
from ppmobile.models.heads.yolov3 import YOLOv3Head

YOLO = {"kind": "yolo", "strides": [16, 8], "anchors": [[[30.0, 61]], [[10, 13]]], "scale_xy": 1.0}
SSD = {"kind": "ssd", "std": [0.1, 0.1, 0.2, 0.2], "strides": [16, 32], "steps": [0.0, 32.0],
       "shapes": [[[0.1, 0.2]], [[0.3, 0.3]]], "clip": True}
NMS = {"score_threshold": 0.01, "iou_threshold": 0.45, "top_k": -1, "keep": 100}


def problem(raw, **nms):
    return postprocess_problem({"raw": raw, "nms": {**NMS, **nms}, "draw_threshold": 0.5})


@pytest.mark.parametrize("raw", [YOLO, SSD, {"kind": "gfl", "strides": [8]}, {"kind": "rcnn"}])
def test_what_is_right(raw):
    assert problem(raw) == ""


@pytest.mark.parametrize("head, strides", [(YOLOv3Head, [32, 16, 8]), (PicoHead, [8, 16]),
                                           (SSDHead, [16, 32, 64, 128, 256, 512]), (FasterRCNNHead, [8, 16, 32, 64])])
def test_what_the_heads_say(head, strides):
    made = head([8] * len(strides), strides, num_classes=2)
    assert problem(json.loads(json.dumps(made.raw()))) == ""


@pytest.mark.parametrize("raw, message", [
    ({"kind": "yolov9"}, ".raw.kind: expected yolo, ssd, gfl, rcnn, got 'yolov9'"),
    ({"kind": "yolo"}, ".raw: expected kind, strides, anchors, scale_xy, got"),
    ({**YOLO, "more": 1}, ".raw: expected kind, strides, anchors, scale_xy, got"),
    ({**YOLO, "strides": [16, 0]}, ".raw.strides: expected a list of whole numbers of pixels, got [16, 0]"),
    ({**YOLO, "strides": 16}, ".raw.strides: expected"), ({**YOLO, "strides": [16, 8.0]}, ".raw.strides: expected"),
    ({**YOLO, "strides": [16]}, ".raw: {'strides': 1, 'anchors': 2} must be as many of each"),
    ({**YOLO, "anchors": [[30, 61], [10, 13]]}, ".raw.anchors: expected for each map a list of [width, height], got"),
    ({**YOLO, "anchors": [[[30]], [[10]]]}, ".raw.anchors: expected"),
    ({**YOLO, "scale_xy": "1"}, ".raw.scale_xy: expected a number above 0, got '1'"),
    ({**SSD, "std": None}, ".raw.std: expected four numbers above 0, got nothing"),
    ({**SSD, "steps": [-1, 0]}, ".raw.steps: expected a list of numbers from 0, got [-1, 0]"),
    ({**SSD, "clip": 1}, ".raw.clip: expected true or false, got 1"),
])
def test_raw_outputs(raw, message):
    assert problem(raw).startswith(message)


def test_suppression():
    assert problem(YOLO, keep=0) == ".nms.keep: expected a whole number of at least 1, or -1 for all, got 0"
    assert problem(YOLO, top_k=-2).startswith(".nms.top_k: expected")
    assert problem(YOLO, score_threshold=10**400).startswith(".nms.score_threshold: expected 0 to 1, got 1000")


def test_numbers():
    assert [finite(one) for one in (0, -1.5, 2**62, 10**400, float("nan"), True, "1")] == [True] * 3 + [False] * 4


SAMPLE = {"shape": [1, 4], "at": [0, 3], "values": [0.5, -1], "mean": 0.25}


@pytest.mark.parametrize("change, message", [
    ({}, ""), ({"shape": []}, "shape: expected"), ({"shape": [1, "4"]}, "shape: expected"),
    ({"at": [0, 4]}, "at: expected places in an array of [1, 4], got [0, 4]"), ({"at": [-1, 0]}, "at: expected"),
    ({"values": [1]}, "values: expected 2 finite numbers, got [1]"),
    ({"values": [1, None]}, "values: expected 2"), ({"mean": None}, "mean: expected a finite number, got nothing"),
])
def test_samples_of_arrays(change, message):
    found = sample_problem({**SAMPLE, **change})
    assert found.startswith(message) and bool(found) == bool(message)
    assert sample_problem(3).startswith("expected a block of keys, got 3")
