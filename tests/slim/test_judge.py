"""Costs counted by hand: four pictures of two classes, and a few boxes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ppmobile.artefact import Artefact
from ppmobile.errors import DataError, ExportError
from ppmobile.slim.judge import BoxJudge, ClassJudge, box_error, judge_of, log_error

FP32 = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.4, 0.6]])
INT8 = np.array([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.4, 0.6]])  # the second picture changes its class

CLASSES = ["a", "b"]
SURE, HALF = [0, 0.9, 0, 0, 10, 10], [0, 0.9, 0, 0, 10, 5]  # IoU 0.5
OTHER = [1, 0.6, 20, 20, 30, 30]


def rows(*boxes):
    """(k, 6) float32 of some boxes."""
    return np.array(boxes, np.float32).reshape(-1, 6)


@pytest.fixture
def boxes():
    """The judge of a YOLOv3 of two classes at 32 px, with one anchor."""
    raw = {"kind": "yolo", "strides": [32], "anchors": [[[16, 16]]], "scale_xy": 1.0}
    nms = {"score_threshold": 0.01, "iou_threshold": 0.45, "top_k": 100, "keep": 10}
    deploy = {"task": "detect", "classes": CLASSES, "input": {"shape": [1, 3, 32, 32]},
              "postprocess": {"raw": raw, "nms": nms, "draw_threshold": 0.5}}
    return judge_of(Artefact(Path("model"), deploy, {}))


def truth(*own):
    """What is right on a picture of 64 px whose input has 32."""
    own = np.array(own, np.float32).reshape(-1, 5)
    return {"boxes": own[:, 1:], "labels": own[:, 0].astype(np.int64), "difficult": np.zeros(len(own), bool),
            "frame": np.float32([0, 0, 32, 32]), "size": (64, 64)}


def test_top_classes():
    loss = ClassJudge(None, None).cost(list(INT8), list(FP32), [0, 0, 1, 0])  # fp32 is right on three, int8 on two
    assert (loss.agreement, loss.accuracy, loss.fp32_accuracy, loss.drop) == (0.75, 0.5, 0.75, 0.25)
    assert ClassJudge(None, None).cost(INT8, FP32).accuracy is None


def test_log_error_by_hand():
    # only the logarithms of 0.8 -> 0.4 and 0.2 -> 0.6 differ, two of eight values
    want = np.sqrt((np.log(2) ** 2 + np.log(3) ** 2) / 8)
    assert log_error(list(INT8), list(FP32)) == pytest.approx(want)


def test_log_error_of_a_probability_that_rounds_to_zero_is_finite():
    assert np.isfinite(log_error(np.array([[1.0, 0.0]]), np.array([[0.5, 0.5]])))


def test_boxes_are_read_from_the_raw_outputs(boxes):
    assert isinstance(boxes, BoxJudge)
    logits = np.float32([0, 0, 0, 0, 20, -20, 20]).reshape(1, 7, 1, 1)  # in the middle, the anchor's size, class b
    assert boxes.read([logits]) == pytest.approx(rows([1, 1, 8, 8, 24, 24]), abs=1e-4)
    with pytest.raises(ExportError, match="^model: .* not finite"):
        boxes.read([logits * np.nan])


def test_boxes_as_fp32_count_on_both_sides_by_score(boxes):
    assert boxes.cost([rows(SURE, OTHER)], [rows(SURE, OTHER)]).agreement == 1.0
    # 0.9 of 0.9 + 0.6 on one side, all of 0.9 on the other
    assert boxes.cost([rows(SURE)], [rows(SURE, OTHER)]).agreement == pytest.approx(1.8 / 2.4)
    assert boxes.cost([rows(SURE, OTHER)], [rows(SURE)]).agreement == pytest.approx(1.8 / 2.4)


@pytest.mark.parametrize("changed, found", [
    ([0, 0.9, 0, 0, 10, 5.1], 1), ([0, 0.9, 0, 0, 10, 4.9], 0), ([1, 0.9, 0, 0, 10, 10], 0),
    ([0, 0.26, 0, 0, 10, 10], 1), ([0, 0.24, 0, 0, 10, 10], 0)])
def test_a_box_is_found_again_by_class_overlap_and_half_the_threshold(boxes, changed, found):
    assert boxes.cost([rows(changed)], [rows(SURE)]).agreement == found


def test_nothing_to_draw_in_either_is_agreement(boxes):
    assert boxes.cost([rows()], [rows([0, 0.4, 0, 0, 9, 9])]).agreement == 1.0


def test_map_is_that_in_pixels_of_the_original(boxes):
    truths = [truth([0, 0, 0, 20, 20]), truth([1, 40, 40, 60, 60])]
    fp32 = [rows(SURE), rows(OTHER)]
    loss = boxes.cost([rows(SURE), rows()], fp32, truths)  # one of two classes is lost
    assert (loss.fp32_accuracy, loss.accuracy, loss.drop) == (1.0, 0.5, 0.5) and loss.measure.key == "map50"


def test_what_is_labelled(boxes):
    item = {"boxes": np.zeros((1, 4)), "difficult": np.array([False])}
    assert boxes.labelled([item]) and not boxes.labelled([{"path": "x"}])
    with pytest.raises(DataError, match="no box in all its pictures to measure the loss with"):
        boxes.labelled([{**item, "difficult": np.array([True])}])


def test_a_list_of_classes_is_not_for_boxes(boxes):
    with pytest.raises(DataError, match="--pictures a.txt: a list tells a class .* -c CONFIG, or a folder"):
        boxes.listed(Path("a.txt"))


def test_box_error_by_hand():
    assert box_error([rows(SURE)], [rows(SURE)]) == 0 == box_error([rows()], [rows()])
    assert box_error([rows()], [rows(SURE)]) == box_error([rows(OTHER)], [rows(SURE)]) == 1
    assert box_error([rows(HALF)], [rows(SURE)]) == pytest.approx(0.5)
    # a score of half as much, too: 1/2 in common for 0.9 and for 0.45
    assert box_error([rows([0, 0.45, 0, 0, 10, 10])], [rows(SURE)]) == pytest.approx(0.5)
    # the lost box weighs 0.6 of 0.9 + 0.9 + 0.6
    assert box_error([rows(SURE)], [rows(SURE, OTHER)]) == pytest.approx(0.25)


one_box = st.tuples(st.integers(0, 1), st.floats(0.02, 1), st.integers(0, 9), st.integers(0, 9),
                    st.integers(10, 20), st.integers(10, 20))
some_boxes = st.lists(one_box, max_size=5).map(lambda boxes: rows(*boxes))


@given(some_boxes, some_boxes, st.randoms())
def test_box_error_is_a_share_and_needs_no_order(one, other, random):
    error = box_error([one], [other])
    assert -1e-6 <= error <= 1 + 1e-6
    assert box_error([other], [one]) == pytest.approx(error, abs=1e-6)
    order = list(range(len(one)))
    random.shuffle(order)
    assert box_error([one[order]], [other]) == pytest.approx(error, abs=1e-6)
    assert box_error([one], [one]) == pytest.approx(0, abs=1e-6)
