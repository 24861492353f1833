"""From a graph's numbers to answers, and the refusal of numbers that are none. (Numbers by hand.)"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_in_detector import detector, sees

from ppmobile.errors import ExportError
from ppmobile.predict.answers import ranked, reader

CLASSES = {"task": "classify", "classes": ["a", "b"]}


def test_rows_that_filled_up_a_batch_are_left_out():
    given = np.array([[0.25, 0.75], [1, 0], [0, 0]], np.float32)
    answer = reader(CLASSES).read([given], 2, "model")
    given[:] = 9
    assert answer.tolist() == [[0.25, 0.75], [1, 0]]


@pytest.mark.parametrize("output", [np.zeros((1, 3)), np.zeros(2), np.zeros((0, 2)), np.zeros((1, 2, 1))])
def test_another_shape_is_refused(output):
    with pytest.raises(ExportError, match="model: the graph answers .* for 1 pictures of 2 classes"):
        reader(CLASSES).read([output], 1, "model")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(value):
    with pytest.raises(ExportError, match="not finite"):
        reader(CLASSES).read([np.array([[0.5, value]])], 1, "model")


def test_the_largest_first_and_of_equal_ones_the_first_class():
    assert ranked(np.array([0.2, 0.4, 0.0, 0.4]), 3) == [1, 3, 0]


def test_an_unknown_task():
    with pytest.raises(ExportError, match="x: task 'segment' cannot be predicted; known: classify, detect"):
        reader({"task": "segment"}, "x")


# --- boxes ------------------------------------------------------------------------------------------------------


def test_the_boxes_of_each_picture_after_nms():
    """Two boxes of one class on the same cell: the second is suppressed. The class decides the rest."""
    boxes = [(0, 0.9, (8, 8, 24, 24)), (0, 0.8, (8, 8, 24, 23)), (1, 0.7, (8, 8, 24, 24))]
    first, second = reader(detector()).read(sees([boxes, []], filled=1), 2, "model")
    assert first[:, 0].tolist() == [0, 1] and first[:, 1].tolist() == pytest.approx([0.9, 0.7])
    assert first[:, 2:].tolist() == [[8, 8, 24, 24]] * 2 and first.dtype == np.float32
    assert second.shape == (0, 6)


@pytest.mark.parametrize("change, message", [
    (lambda outputs: outputs[:1], "not what a 'rcnn' head gives"),
    (lambda outputs: [outputs[0], outputs[1][:, :, :1]], r"the graph answers \[.*\] for 1 pictures of 2 classes"),
    (lambda outputs: [outputs[0][:, :1], outputs[1]], "for 1 pictures of 2 classes"),
    (lambda outputs: [outputs[0], outputs[1][:0]], "for 1 pictures of 2 classes"),
    (lambda outputs: [outputs[0] + np.float32("nan"), outputs[1]], "not finite"),
])
def test_outputs_that_are_not_the_heads(change, message):
    outputs = change(sees([[(0, 0.9, (8, 8, 24, 24)), (1, 0.9, (8, 8, 24, 24))]]))
    with pytest.raises(ExportError, match=message) as error:
        reader(detector()).read(outputs, 1, "model: onnx-fp32")
    assert str(error.value).startswith("model: onnx-fp32: ") and "\n" not in str(error.value)


def test_a_graph_of_any_size_needs_that_of_the_input():
    found = reader(detector(shape=(1, 3, -1, -1)))
    with pytest.raises(ExportError, match="takes any size"):
        found.read(sees([[]]), 1, "model")
    assert found.read(sees([[]]), 1, "model", (32, 32))[0].shape == (0, 6)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.01, 0.3, 0.5, 0.75]))
def test_leaving_out_low_scores_first_changes_nothing_above(seed, least):
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 20, (1, 60, 2, 2))
    boxes = np.concatenate([corner, corner + random.uniform(2, 12, corner.shape)], axis=-1).astype(np.float32)
    scores = (random.integers(0, 41, (1, 60, 2)) / 40).astype(np.float32)  # some equal `least`
    found = reader(detector())
    every, = found.read([boxes, scores], 1, "model")
    chosen, = found.read([boxes, scores], 1, "model", least=least)
    assert np.array_equal(chosen, every[every[:, 1] >= np.float32(least)])


@pytest.mark.parametrize("raw, outputs", [
    ({"kind": "yolo", "strides": [8], "anchors": [[[4, 4]]], "scale_xy": 1.0}, [(1, 7, 4, 4), (1, 7, 2, 2)]),
    ({"kind": "gfl", "strides": [8]}, [(1, 2, 4, 4), (1, 32, 4, 4), (1, 32, 2, 2)]),
    ({"kind": "ssd", "std": [0.1] * 4, "strides": [1], "steps": [0.0], "shapes": [[[0.1, 0.1]] * 10**6], "clip": True},
     [(1, 16, 4), (1, 16, 3)]),
])
def test_maps_that_do_not_fit_what_is_said_of_them(raw, outputs):
    deploy = detector()
    deploy["postprocess"] = {**deploy["postprocess"], "raw": raw}
    with pytest.raises(ExportError, match="which is not what a '(yolo|gfl|ssd)' head gives"):
        reader(deploy).read([np.zeros(shape, np.float32) for shape in outputs], 1, "model")
