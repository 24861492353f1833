"""The predictor gives training's answers for every kind of source, batches, threads, and bad pictures in between."""

import threading

import numpy as np
import pytest

import ppmobile
from ppmobile import artefact
from ppmobile.errors import ConfigError, DataError, ExportError
from ppmobile.files import read_image, write_image
from ppmobile.predict import predictor

CLOSE = 1e-5  # of a probability: oneDNN and Paddle's own kernels add in another order


@pytest.fixture(scope="module")
def model(exported):
    with ppmobile.load(exported, "paddle-fp32") as predictor:
        yield predictor


def scores(results):
    return np.stack([result.probabilities for result in results])


def test_a_file_bytes_and_an_array_get_the_answer_of_training(model, files, right):
    image = read_image(files[0])
    encoded = open(files[0], "rb").read()
    for source in (files[0], encoded, image, np.dstack([image, image[:, :, 0]])):
        result = model.predict(source)
        assert np.abs(result.probabilities - right[0]).max() < CLOSE
    assert result.name == model.classes[int(right[0].argmax())] and len(result.top) == 3
    assert len(model.predict(image, topk=1).top) == 1 and len(model.predict(image, topk=99).top) == 3


def test_many_are_answered_in_order(model, files, right, pictures):
    for source in (files, tuple(files), iter(files), (read_image(file) for file in files)):
        assert np.abs(scores(model.predict(source)) - right).max() < CLOSE
    assert model.predict([]) == []
    folder = model.predict(pictures)
    assert len(folder) == 36 and [r.path for r in folder] == sorted(r.path for r in folder)
    assert len(model.predict(f"{pictures}/c1/*.png", batch_size=5)) == 12


@pytest.mark.parametrize("batch_size", [1, 4, 6, 50])
def test_a_dynamic_batch(shipped, files, right, batch_size):
    with ppmobile.load(shipped, "onnx-fp32") as model:
        shapes = []
        run = model._opened.run
        model._opened.run = lambda batch: shapes.append(len(batch)) or run(batch)
        found = scores(model.predict([*files, "nowhere.png"], batch_size)[:-1])
    assert np.abs(found - right).max() < CLOSE
    assert sum(shapes) == 6 and max(shapes) == min(batch_size, 6)


class Fixed:
    """A runtime that takes two pictures of 16 x 16 at a time, and answers with the mean of each."""

    name, threads = "fixed", 1

    def run(self, image):
        assert image.shape == (2, 3, 16, 16) and image.flags["C_CONTIGUOUS"]
        means = image.mean((1, 2, 3), keepdims=True).reshape(2, 1)
        return [np.concatenate([means, 1 - means, 0 * means], 1).astype(np.float32)]

    def close(self):
        """Nothing to free."""


def test_a_fixed_batch_is_filled_up(exported):
    found = artefact.read(exported)
    found.deploy["input"]["shape"] = [2, 3, 16, 16]
    found.deploy["preprocess"] = [{"name": "Normalize", "mean": [0, 0, 0], "std": [1, 1, 1]}, {"name": "ToCHW"}]
    sources = [np.full((16, 16, 3), value, np.uint8) for value in (0, 51, 255)]
    with predictor.Predictor(found, Fixed()) as model:
        assert [r.probabilities[0] for r in model.predict(sources, batch_size=7)] == pytest.approx([0, 0.2, 1])


def test_a_size_that_the_graph_does_not_take(exported):
    found = artefact.read(exported)
    found.deploy["preprocess"] = [{"name": "Normalize"}, {"name": "ToCHW"}]
    with predictor.Predictor(found, Fixed()) as model, pytest.raises(DataError, match=r"gives \[3, 9, 8\], but"):
        model.predict(np.zeros((9, 8, 3), np.uint8))


def test_bad_pictures_among_good_ones(model, files, tmp_path):
    (tmp_path / "空.png").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("no picture", encoding="utf-8")
    given = [tmp_path / "空.png", files[0], tmp_path / "text.jpg", "", "nowhere.png", files[1], 5, b"x"]
    results = model.predict(given, batch_size=4)
    assert [bool(r.error) for r in results] == [True, False, True, True, True, False, True, True]
    assert results[0].error == "the file is empty" and results[4].error == "no such picture"
    assert all("\n" not in r.error for r in results) and results[0].path == str(tmp_path / "空.png")


@pytest.mark.parametrize("source, message", [
    ("nowhere.png", "nowhere.png: no such picture"), (b"", "picture: the file is empty"), ("", "the path is empty"),
    (np.zeros((4, 4, 3)), "picture: an array of float64"), (7, "a int is no picture"), ("no/*.png", "no pictures here"),
])
def test_a_single_bad_picture_is_an_error(model, source, message):
    with pytest.raises(DataError, match=message) as error:
        model.predict(source)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["x" * 5000, "*" + "x" * 5000])
def test_a_name_that_is_too_long(model, name):
    with pytest.raises(DataError, match="cannot be read: File name too long") as error:
        model.predict(name)
    assert "\n" not in str(error.value) and len(str(error.value)) < 500
    assert "File name too long" in model.predict([name])[0].error


@pytest.mark.parametrize("shape", [(1, 1), (1, 10000), (10000, 3), (3000, 2000)])
def test_tiny_thin_and_huge_pictures(model, shape, tmp_path):
    write_image(tmp_path / "p.png", np.full((*shape, 3), 200, np.uint8))
    assert abs(model.predict(tmp_path / "p.png").probabilities.sum() - 1) < 1e-5


def test_a_stream_reads_no_further_than_asked(model, files):
    taken = []
    stream = model.stream((taken.append(file) or file for file in files * 100), topk=1)
    assert [len(next(stream).top) for _ in range(3)] == [1, 1, 1] and len(taken) == 3


@pytest.mark.parametrize("options, message", [
    ({"batch_size": 0}, "batch_size: must be at least 1, got 0"), ({"batch_size": "2"}, "batch_size: expected a whole"),
    ({"topk": 0}, "topk: must be at least 1"), ({"topk": True}, "topk: expected a whole number, got true"),
])
def test_options_are_checked_before_anything_is_read(model, options, message):
    with pytest.raises(ConfigError, match=message):
        model.stream(["nowhere.png"], **options)


def test_one_predictor_in_several_threads(model, files, right):
    found = {}

    def work(number):
        found[number] = [scores(model.predict(files[number % 6:] + files[:number % 6])) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    [t.start() for t in threads], [t.join() for t in threads]
    for number in range(4):
        assert all(np.abs(one - np.roll(right, -number, 0)).max() < CLOSE for one in found[number])


def test_timing_adds_up(model, files):
    result = model.predict(files)[0]
    parts = (result.timing.decode, result.timing.preprocess, result.timing.run, result.timing.postprocess)
    assert min(parts) > 0 and result.timing.total == pytest.approx(sum(parts)) and result.timing.total < 5


def test_predictors_side_by_side_and_after_close(exported, files, right):
    first, second = (ppmobile.load(exported, "paddle-fp32") for _ in range(2))
    first.predict(files[0])
    first.close()
    first.close()
    for use in (first.predict, first.stream):
        with pytest.raises(ExportError, match="the predictor was closed; ppmobile.load"):
            use(files[0])
    assert np.abs(scores(second.predict(files)) - right).max() < CLOSE
    assert "closed" in repr(first) and "paddle-fp32, threads=1" in repr(second)
    second.close()
