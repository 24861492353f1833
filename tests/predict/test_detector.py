"""The predictor with a detector's artefact: boxes come back to the pixels of any picture, in batches and threads."""

import threading

import numpy as np
import pytest
from stand_in_detector import CLASSES, Runtime, detector

from ppmobile import artefact
from ppmobile.errors import ConfigError, DataError, ExportError
from ppmobile.files import write_image
from ppmobile.predict import predictor, video


def opened(exported, runtime=None, **changes):
    """A Predictor of the stand-in detector; changes: of the fields of its deploy.yml."""
    found = artefact.read(exported)
    found.deploy.update({**detector(), **changes})
    return predictor.Predictor(found, runtime or Runtime())


def picture(height, width, box):
    """A black picture that is white within the box (x1, y1, x2, y2)."""
    image = np.zeros((height, width, 3), np.uint8)
    image[box[1]:box[3], box[0]:box[2]] = 255
    return image


PICTURES = [(64, 128, (32, 16, 64, 48)), (32, 32, (4, 8, 20, 24)), (320, 96, (0, 80, 48, 320))]


@pytest.mark.parametrize("height, width, box", PICTURES)
def test_boxes_are_those_of_the_picture_as_it_was_given(exported, tmp_path, height, width, box):
    write_image(tmp_path / "图片 é.png", picture(height, width, box))
    with opened(exported) as model:
        for source in (picture(height, width, box), tmp_path / "图片 é.png", (tmp_path / "图片 é.png").read_bytes()):
            found = model.predict(source)
            # within one pixel of the input
            assert np.abs(found.boxes[0] - box).max() <= max(height, width) / 32
            assert found.names == [CLASSES[1]] and found.scores.tolist() == [0.75] and len(found) == 1


def test_padding_and_cropping_are_undone(exported):
    steps = [{"name": "ResizeShort", "short": 32}, {"name": "CenterCrop", "size": 32}]
    fit = [{"name": "Resize", "size": 32, "keep_ratio": True}, {"name": "Pad", "size": 32, "fill": [0, 0, 0]}]
    for first in (steps, fit):
        with opened(exported, preprocess=[*first, {"name": "Normalize"}, {"name": "ToCHW"}]) as model:
            found = model.predict(picture(64, 128, (48, 16, 80, 48)))
        assert np.abs(found.boxes[0] - [48, 16, 80, 48]).max() <= 4


def test_a_picture_without_objects(exported):
    with opened(exported) as model:
        found = model.predict(np.zeros((9, 7, 3), np.uint8))
    assert len(found) == 0 and found.error == "" and found.boxes.shape == (0, 4)


@pytest.mark.parametrize("fixed, batch_size", [(1, 1), (2, 1), (-1, 2), (-1, 50)])
def test_batches(exported, fixed, batch_size):
    sources = [picture(*one) for one in PICTURES]
    with opened(exported, Runtime(max(fixed, 0)), input={"shape": [fixed, 3, 32, 32]}) as model:
        results = model.predict([*sources, "nowhere.png", *sources], batch_size)
    assert [len(one) for one in results] == [1, 1, 1, 0, 1, 1, 1] and results[3].error == "no such picture"
    assert np.array_equal(results[0].boxes, results[4].boxes) and results[2].boxes[0][3] == 320
    assert min(results[0].timing.run, results[0].timing.postprocess) > 0


def test_a_graph_of_any_size(exported):
    steps = [{"name": "Normalize"}, {"name": "ToCHW"}]
    with opened(exported, input={"shape": [-1, 3, -1, -1]}, preprocess=steps) as model:
        results = model.predict([picture(*one) for one in PICTURES], 3)
    assert [one.boxes[0].tolist() for one in results] == [list(box) for _, _, box in PICTURES]


def test_the_threshold_is_the_artefacts_unless_told(exported):
    image = picture(*PICTURES[0])
    strict = {**detector()["postprocess"], "draw_threshold": 0.8}
    with opened(exported, postprocess=strict) as model:
        assert len(model.predict(image)) == 0 and len(model.predict(image, threshold=0.75)) == 1
        assert len(next(model.stream([image], threshold=0))) == 1


@pytest.mark.parametrize("options, message", [
    ({"topk": 3}, "topk: belongs to classification; this model finds boxes"),
    ({"threshold": 2}, "threshold: must be from 0 to 1, got 2"),
    ({"threshold": "x"}, "threshold: expected a number"), ({"threshold": float("nan")}, "must be from 0 to 1"),
])
def test_options_are_checked_before_anything_is_read(exported, options, message):
    with opened(exported) as model, pytest.raises(ConfigError, match=message):
        model.stream(["nowhere.png"], **options)


def test_a_classifier_has_no_threshold(exported):
    with predictor.Predictor(artefact.read(exported), Runtime()) as model:
        with pytest.raises(ConfigError, match="threshold: belongs to detection"):
            model.stream(["nowhere.png"], threshold=0.5)


def test_the_frames_of_a_video(exported, tmp_path):
    with video.writer(tmp_path / "v.mp4", 10) as write:
        for left in (0, 16, 32):
            write(picture(64, 64, (left, 16, left + 32, 48)))
    with opened(exported) as model:
        found = list(model.stream(video.frames(tmp_path / "v.mp4")))
    assert [abs(one.boxes[0][0] - left) <= 2 for one, left in zip(found, (0, 16, 32))] == [True] * 3


def test_a_single_bad_picture_is_an_error(exported):
    with opened(exported) as model, pytest.raises(DataError, match="nowhere.png: no such picture"):
        model.predict("nowhere.png")


def test_what_is_not_the_heads_output_is_told_with_the_runtime(exported):
    runtime = Runtime()
    runtime.run = lambda image: [np.zeros((1, 3), np.float32)]
    with opened(exported, runtime) as model, pytest.raises(ExportError, match="stand-in: the graph answers"):
        model.predict(picture(*PICTURES[0]))


def test_several_threads(exported):
    found = {}
    with opened(exported) as model:
        def work(number):
            found[number] = [model.predict(picture(*PICTURES[number])).boxes for _ in range(20)]

        threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
        [t.start() for t in threads], [t.join() for t in threads]
    for number, (_, _, box) in enumerate(PICTURES):
        assert all(np.abs(one[0] - box).max() <= 10 for one in found[number]) and len(found[number]) == 20
