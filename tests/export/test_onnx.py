"""Graphs become ONNX files that ONNX Runtime answers alike, or an error names the layer."""

import numpy as np
import pytest

from ppmobile.errors import ExportError
from ppmobile.export import onnx as ours
from ppmobile.export.program import load_graph, run_graph

pytest.importorskip("paddle2onnx")


@pytest.mark.parametrize("batch", [1, -1])
def test_the_file_gives_what_the_graph_gives(plant, tmp_path, batch):
    onnx, onnxruntime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    folder, file = plant("relu", batch), tmp_path / "图片 é.onnx"
    ours.convert(folder, file)
    model = onnx.load_model_from_string(file.read_bytes())
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 13)]
    session = onnxruntime.InferenceSession(file.read_bytes(), providers=["CPUExecutionProvider"])
    assert [entry.name for entry in session.get_inputs()] == ["image"]
    graph = load_graph(folder)
    image = np.random.default_rng(2).normal(size=(abs(batch) * (3 if batch < 0 else 1), 3, 16, 16)).astype(np.float32)
    expected = run_graph(graph, image)[graph.outputs[0]]
    assert np.ptp(expected) > 1e-3
    np.testing.assert_allclose(session.run(None, {"image": image})[0], expected, rtol=1e-5)


def test_the_layer_and_the_operator_are_named_and_nothing_is_left(plant, tmp_path):
    with pytest.raises(ExportError) as error:
        ours.convert(plant("erfinv"), tmp_path / "out" / "model.onnx")
    assert str(error.value).startswith("model.onnx: paddle2onnx cannot convert backbone.mixer (erfinv): ")
    assert "\n" not in str(error.value) and list((tmp_path / "out").iterdir()) == []


def test_without_paddle2onnx(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r"paddle2onnx is not installed: pip install ppmobile\[onnx\]"):
        ours.convert(tmp_path, tmp_path / "model.onnx")
