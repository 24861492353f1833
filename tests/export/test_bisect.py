"""A planted fault is found in its layer: in the graph, and in the files of each runtime."""

import numpy as np
import pytest
from damage import change_onnx_weight, change_weight, copy, filter_name

from ppmobile.artefact import golden, read
from ppmobile.engine.run import restore
from ppmobile.errors import ExportError
from ppmobile.export import bisect
from ppmobile.export.golden import input_of
from ppmobile.export.paddle_graph import deployed
from ppmobile.export.program import load_graph

LAYER = "backbone.blocks.0.pointwise.conv"


@pytest.fixture
def image(exported):
    """The golden input."""
    kept = golden(exported)
    return input_of(exported / kept["picture"], kept["deploy"]["preprocess"])


@pytest.mark.parametrize("count", [1, 2, 3, 10, 151])
def test_halving_finds_every_position_in_few_steps(count):
    for fault in range(count):
        asked = []

        def differs(position, fault=fault, asked=asked):
            asked.append(position)
            return position >= fault

        assert bisect.first(count, differs) == fault
        assert len(asked) <= np.ceil(np.log2(count)) and count - 1 not in asked


@pytest.mark.parametrize("broken", [{3}, {0, 1, 2}, {4, 5, 6, 7, 8}, set(range(10))])
@pytest.mark.parametrize("fault", range(10))
def test_positions_that_cannot_be_tried_are_passed_over(broken, fault):
    def differs(position):
        if position in broken:
            raise ExportError("no")
        return position >= fault

    # the first position from the fault on that can be tried; the last one is taken to differ
    found = bisect.first(10, differs)
    assert found == next(p for p in range(fault, 10) if p not in broken or p == 9)


def test_a_library_that_refuses_everything_is_not_asked_forever():
    asked = []

    def differs(position):
        asked.append(position)
        raise ExportError("no")

    with pytest.raises(ExportError):
        bisect.first(1000, differs)
    assert len(asked) == bisect.PATIENCE + 1


def test_golden_samples_locate_a_weight(copied, image):
    kept = golden(copied)["layers"]
    assert bisect.in_samples(kept, load_graph(copied), image) is None
    change_weight(copied, LAYER)
    found = bisect.in_samples(kept, load_graph(copied), image)
    assert found.layer == LAYER and found.error > 1e-4


def test_the_mean_locates_what_no_kept_value_shows(copied, image):
    kept = golden(copied)["layers"]
    for sample in kept.values():  # the first value is of channel 0, and the weight of a channel in the middle
        sample["at"], sample["values"] = sample["at"][:1], sample["values"][:1]
    change_weight(copied, LAYER)
    assert bisect.in_samples(kept, load_graph(copied), image).layer == LAYER


def test_the_trained_net_locates_a_weight(copied, trained, image):
    net = deployed(restore(trained)[0])
    assert bisect.in_model(net, load_graph(copied), image) is None
    change_weight(copied, LAYER, 0.1)
    assert bisect.in_model(net, load_graph(copied), image).layer == LAYER


@pytest.mark.parametrize("runtime", ["paddle-fp32", "openvino-fp32"])
def test_a_fault_in_the_graph_that_a_runtime_reads(copied, exported, image, runtime):
    if runtime.startswith("openvino"):
        pytest.importorskip("openvino")
    change_weight(copied, LAYER)
    found = bisect.in_runtime(read(copied, check=False), runtime, load_graph(exported), image, "fp32")
    assert found.layer == LAYER and found.error > 1e-3


def test_a_fault_in_the_onnx_file(exported, tmp_path, image):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("paddle2onnx")
    from ppmobile.export.onnx import convert

    folder = copy(exported, tmp_path / "图 é")
    convert(folder, folder / "model.onnx")
    change_onnx_weight(folder / "model.onnx", filter_name(folder, LAYER))
    artefact = read(folder, check=False)
    artefact.files["model.onnx"] = ""
    assert bisect.in_runtime(artefact, "onnx-fp32", load_graph(folder), image, "fp32").layer == LAYER


def test_a_fault_behind_the_last_layer_is_the_answer(exported, image, monkeypatch):
    from ppmobile.export import cut

    class Reversed:
        """A runtime that gives the classes in the wrong order, and the layers as they are."""

        def __init__(self, artefact):
            from ppmobile.predict.runtimes.paddle_cpu import PaddleRuntime

            self.inner, self.whole = PaddleRuntime(artefact), artefact.folder == exported

        def run(self, image):
            answer = self.inner.run(image)[0]
            return [answer[:, ::-1] if self.whole else answer]

        def close(self):
            self.inner.close()

    monkeypatch.setattr(cut, "open_runtime", lambda name, artefact: Reversed(artefact))
    found = bisect.in_runtime(read(exported), "paddle-fp32", load_graph(exported), image, "fp32")
    assert found.layer == bisect.ANSWER and found.error > 1e-4
