"""Graphs that leave batch or size open: verify runs them so, and a fault that only shows there fails."""

import types

import numpy as np
import pytest

import ppmobile
from ppmobile.config import from_tree
from ppmobile.export import verify as module
from ppmobile.export.shapes import GROWN, grow, variants
from ppmobile.export.verify import verify
from ppmobile.export.write import export_model


def picture(value, height=2, width=2):
    """(1, 3, H, W) of one value."""
    return np.full((1, 3, height, width), value, np.float32)


def test_what_is_fixed_is_left_alone():
    assert variants((1, 3, 2, 2), [picture(1)]) == []


def test_a_batch_holds_the_golden_picture_and_the_last_of_its_size():
    (batch,) = variants((-1, 3, 2, 2), [picture(1), picture(0), picture(5), picture(7, 4, 4)])
    assert batch.places == [0, 2] and batch.inputs[0].shape == (2, 3, 2, 2)
    assert batch.inputs[0][:, 0, 0, 0].tolist() == [1, 5] and [p.max() for p in batch.pictures] == [1, 5]


def test_another_size_is_the_picture_and_its_mirror_image():
    image = np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2)
    (size,) = variants((1, 3, -1, -1), [image])
    assert size.name == f"pictures of {2 + GROWN[1]}x{2 + GROWN[0]}" and size.places is None
    assert (size.inputs[0][:, :, :2, :2] == image).all() and size.inputs[0][0, 0, 2:4, 0].tolist() == [2, 0]
    assert grow(image, (1, 3, -1, 2)).shape == (1, 3, 2 + GROWN[0], 2)


@pytest.fixture
def export_open(tiny, pictures, tmp_path):
    """A function that exports a tiny net with the given axes open and returns (folder, Model)."""
    def export(*axes):
        model = ppmobile.build(tiny, 3)
        golden = next(iter(pictures.rglob("*.png")))
        export_model(model, from_tree(tiny, {}, "c"), ["a", "b", "c"], tmp_path / "图 é", picture=golden, dynamic=axes,
                     say=lambda line: None)
        return tmp_path / "图 é", model
    return export


@pytest.fixture
def answers(monkeypatch):
    """A function that spoils what runtimes answer: spoil(image, answers) gives the answers, or raises."""
    real = module.open_runtime

    def spoil_with(spoil):
        def opened(*arguments):
            runtime = real(*arguments)
            return types.SimpleNamespace(run=lambda image: [spoil(image, runtime.run(image)[0])], close=runtime.close)

        monkeypatch.setattr(module, "open_runtime", opened)

    return spoil_with


def refuses(image, found):
    """A library that takes single pictures only."""
    if len(image) > 1:
        raise RuntimeError("shapes differ\n  [Hint: Expected 2 == 1.]")
    return found


def test_sound_ones_pass_and_were_run(export_open, answers):
    seen = []
    answers(lambda image, found: seen.append(image.shape) or found)
    folder, model = export_open("batch", "size")
    report = verify(folder, model, runtimes=["paddle-fp32"], count=2)
    assert report.passed, report.table()
    assert set(seen) == {(1, 3, 16, 16), (2, 3, 16, 16), (1, 3, 16 + GROWN[0], 16 + GROWN[1])}


@pytest.mark.parametrize(("spoil", "reason"), [
    (lambda image, found: found[::-1], "a batch of 2: relative error"),
    (lambda image, found: found[:1], "a batch of 2: gives [1, 3] instead of [2, 3]"),
    (refuses, "a batch of 2: RuntimeError: shapes differ"),
])
def test_a_fault_in_batches_alone_fails(export_open, answers, spoil, reason):
    folder, _ = export_open("batch")
    answers(spoil)
    report = verify(folder, runtimes=["paddle-fp32"], count=2)
    last = report.stages[-1]
    assert not report.passed and last.verdict == "FAILED" and last.reason.startswith(reason) and not last.layer


def test_a_fault_at_another_size_alone_fails(export_open, answers):
    folder, _ = export_open("size")
    answers(lambda image, found: found if image.shape[2] == 16 else found + np.float32(1e-3))
    report = verify(folder, runtimes=["paddle-fp32"], count=2)
    assert not report.passed and report.stages[-1].reason.startswith("pictures of 80x48: relative error")


def test_a_traced_graph_that_mixes_up_a_batch_fails_there(export_open, monkeypatch):
    real = module.run_graph
    monkeypatch.setattr(module, "run_graph", lambda graph, image: {k: v[::-1] for k, v in real(graph, image).items()})
    folder, _ = export_open("batch")
    report = verify(folder, runtimes=["paddle-fp32"], count=2)
    traced = next(stage for stage in report.stages if stage.name == "traced")
    assert traced.verdict == "FAILED" and traced.reason.startswith("a batch of 2: relative error")
