"""The golden sample: which picture, what is kept of it, and the numbers that it promises."""

import hashlib
import json

import numpy as np
import paddle
import pytest

from ppmobile.config import from_tree
from ppmobile.engine.run import restore
from ppmobile.errors import DataError, ExportError
from ppmobile.export import golden
from ppmobile.export.program import layer_outputs, load_graph, run_graph
from ppmobile.files import write_image, write_text

STEPS = [{"name": "Resize", "size": 16}, {"name": "Normalize"}, {"name": "ToCHW"}]


def test_the_kept_answer_is_that_of_the_checkpoint(exported, trained):
    kept = json.loads((exported / "golden.json").read_text(encoding="utf-8"))
    model, config, _, _ = restore(trained)
    image = golden.input_of(exported / kept["picture"], kept["deploy"]["preprocess"])
    with paddle.no_grad():
        logits = model(paddle.to_tensor(image)).numpy()[0].astype(np.float64)
    softmax = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    np.testing.assert_allclose(kept["output"][0], softmax, rtol=1e-5)
    assert kept["input"]["sha256"] == hashlib.sha256(image.astype("<f4").tobytes()).hexdigest()


def test_the_kept_layers_are_those_of_the_graph(exported):
    kept, graph = json.loads((exported / "golden.json").read_text(encoding="utf-8")), load_graph(exported)
    image = golden.input_of(exported / kept["picture"], kept["deploy"]["preprocess"])
    outputs = layer_outputs(graph)
    values = run_graph(graph, image, list(outputs.values()))
    assert len(kept["layers"]) >= 10
    for path, sample in kept["layers"].items():
        found = values[outputs[path]]
        assert list(found.shape) == sample["shape"]
        np.testing.assert_allclose(found.reshape(-1)[sample["at"]], sample["values"], rtol=1e-4, atol=1e-5)


def test_a_sample_covers_first_and_last_value_and_small_arrays_whole():
    assert golden.sample(np.arange(100.0).reshape(4, 25))["at"][::15] == [0, 99]
    assert golden.sample(np.arange(3.0)) == {"shape": [3], "at": [0, 1, 2], "values": [0.0, 1.0, 2.0],
                                               "mean": 1.0}


def test_the_picture_is_the_first_readable_one_of_val(tiny, data):
    first = (data / "val_list.txt").read_text(encoding="utf-8").splitlines()[0].rsplit(" ", 1)[0]
    (data / first).write_bytes(b"no picture")
    assert golden.find_picture(from_tree(tiny, {}, "c")) != data / first
    assert str(golden.find_picture(from_tree(tiny, {}, "c"))).startswith(str(data))


def test_no_picture_at_all_asks_for_one(tiny, data):
    for split in ("train", "val", "test"):
        tiny["data"][split]["root"] = str(data / "gone")
    with pytest.raises(ExportError, match=r"no picture for the golden sample \(.*gone.*--picture FILE"):
        golden.find_picture(from_tree(tiny, {}, "c"))


def test_transforms_that_end_in_no_tensor_are_refused(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(ExportError, match="transforms.eval gives uint8 of shape .* end it with Normalize and ToCHW"):
        golden.input_of(tmp_path / "a.png", STEPS[:1])
    write_text(tmp_path / "b.png", "text")
    with pytest.raises(DataError, match="b.png"):
        golden.input_of(tmp_path / "b.png", STEPS)
