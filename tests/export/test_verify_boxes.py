"""Verification of detectors: boxes are compared, a planted fault is found in its layer, garbage of a runtime fails."""

import json

import detectors
import numpy as np
import pytest
from damage import change_onnx_weight, change_weight, copy, filter_name, reseal
from detectors import export

from ppmobile import artefact
from ppmobile.errors import ExportError
from ppmobile.export import verify as module
from ppmobile.export.verify import verify
from ppmobile.predict.trial import _Trial


@pytest.fixture(scope="module", params=["yolo", "ssd"])
def made(request, tmp_path_factory):
    """(kind, Model, folder of its artefact with the full graph and a batch of any size)."""
    model = detectors.build(request.param)
    found = export(request.param, tmp_path_factory.mktemp(request.param), model, targets=("full",), dynamic=("batch",))
    return request.param, model, found.folder


def stage(report, name):
    """The stage of that name."""
    return next(s for s in report.stages if s.name == name)


def test_a_sound_detector_passes(made, tmp_path):
    _, model, folder = made
    folder = copy(folder, tmp_path / "a")
    report = verify(folder, model, runtimes=["paddle-fp32"], count=3)
    assert {s.name: s.verdict for s in report.stages} == dict.fromkeys(
        ["files", "preprocess", "eager", "traced", "paddle-fp32", "full"], "passed"), report.table()
    one = stage(report, "paddle-fp32")
    assert one.boxes > 20 and one.matched == 1.0 and one.score_error < 1e-3 and one.relative < 1e-4
    assert stage(report, "full").boxes > 20 and stage(report, "full").matched > 0.99
    assert report.table().splitlines()[1].split()[:5] == ["stage", "verdict", "boxes", "matched", "overlap"]
    kept = json.loads((folder / "verify.json").read_text(encoding="utf-8"))
    assert kept["passed"] and kept["runtimes"]["paddle-fp32"]["matched"] == 1.0


@pytest.mark.parametrize("kind", ["rcnn", "pico"])
def test_a_two_stage_net_and_picodet_pass(tmp_path, kind):
    model = detectors.build(kind)
    found = export(kind, tmp_path, model)
    report = verify(found.folder, model, runtimes=["paddle-fp32"], count=2)
    one = stage(report, "paddle-fp32")
    assert report.passed and one.boxes > 20 and one.matched == 1.0, report.table()
    # proposals have no order that rounding would keep: boxes are compared, but no raw outputs
    kept = artefact.golden(found.folder)
    assert (one.relative is None) == (kind == "rcnn") == ("raw" not in kept)
    assert "head.rpn.conv" in kept["layers"] or kind == "pico"
    assert not any(path.startswith("head.roi") for path in kept["layers"])


def test_what_deploy_yml_and_the_golden_sample_say(made):
    kind, model, folder = made
    found, kept = artefact.read(folder), artefact.golden(folder)
    assert found.deploy["task"] == "detect" and found.shape == [-1, 3, detectors.SIDE, detectors.SIDE]
    assert found.deploy["postprocess"] == json.loads(json.dumps(
        {"raw": model.head.raw(), "nms": model.head.nms, "draw_threshold": 0.5}))
    assert kept["output"] and all(len(row) == 6 for row in kept["output"])
    assert len(kept["raw"]) == {"yolo": 3, "ssd": 2}[kind]


def test_a_changed_weight_is_named(made, tmp_path):
    kind, model, folder = made
    folder = copy(folder, tmp_path / "a")
    layer = {"yolo": "neck.levels.1.convs.1.conv", "ssd": "neck.blocks.0.pointwise.conv"}[kind]
    change_weight(folder, layer)
    reseal(folder)
    report = verify(folder, model, runtimes=[], count=1)
    assert stage(report, "traced").verdict == "FAILED" and stage(report, "traced").layer == layer


def test_a_changed_weight_in_one_branch_of_the_onnx_file_is_named(made, tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("paddle2onnx")
    from ppmobile.export.onnx import convert

    kind, _, folder = made
    folder = copy(folder, tmp_path / "a")
    convert(folder, folder / "model.onnx")
    reseal(folder)
    assert verify(folder, runtimes=["onnx-fp32"], count=1).passed
    # the layers behind it belong to other branches, which are right
    layer = {"yolo": "neck.levels.0.tip.conv", "ssd": "head.levels.0.boxes.pointwise"}[kind]
    change_onnx_weight(folder / "model.onnx", filter_name(folder, layer), 10.0)
    reseal(folder)
    report = verify(folder, runtimes=["onnx-fp32"], count=1)
    assert stage(report, "onnx-fp32").verdict == "FAILED" and stage(report, "onnx-fp32").layer == layer


GARBAGE = {"moved": lambda outputs: [np.roll(one, 1, axis=-1) for one in outputs],
           "weak": lambda outputs: [one / 2 for one in outputs],
           "not a number": lambda outputs: [one * np.float32("nan") for one in outputs],
           "one output less": lambda outputs: outputs[:1],
           "nothing": lambda outputs: [one * 0 - 20 for one in outputs]}


@pytest.mark.parametrize("fault", GARBAGE)
def test_garbage_of_a_runtime_fails(made, tmp_path, monkeypatch, fault):
    real = module.open_runtime

    class Garbage:
        """The runtime, and what it answers spoilt."""

        def __init__(self, runtime):
            self.runtime, self.close = runtime, runtime.close

        def run(self, image):
            return GARBAGE[fault](self.runtime.run(image))

    monkeypatch.setattr(module, "open_runtime", lambda *arguments: Garbage(real(*arguments)))
    monkeypatch.setattr(module.bisect, "in_runtime", lambda *arguments: None)
    report = verify(copy(made[2], tmp_path / "a"), runtimes=["paddle-fp32"], count=2)
    assert stage(report, "paddle-fp32").verdict == "FAILED" and stage(report, "paddle-fp32").reason
    assert stage(report, "traced").verdict == "passed"


def test_the_quick_proof_compares_boxes_too(made):
    found = artefact.read(made[2])
    trial = _Trial(found, {"threads": 1, "trusted": []})
    runtime, reason = trial.admit("paddle-fp32")
    assert reason == "" and trial.exact is runtime
    got = trial.replay.answers(runtime.run, [trial.replay.image])
    assert "the golden sample differs" in trial.replay.disagreement(
        trial.replay.answers(lambda image: [one * np.float32(1.1) for one in runtime.run(image)], [trial.replay.image]))
    assert trial.replay.unlike("int8", got * 3, got * 3) == ""
    runtime.close()


def test_an_untrained_detector_is_noted(tmp_path):
    folder = export("yolo", tmp_path, detectors.build("yolo", sure=False)).folder
    report = verify(folder, runtimes=["paddle-fp32"], count=2)
    assert report.passed and stage(report, "paddle-fp32").boxes > 100
    assert "note: all pictures together have fewer than 20 boxes" in report.table()


def test_an_open_batch_is_refused_by_two_stage_nets(tmp_path):
    with pytest.raises(ExportError, match="Faster R-CNN needs a fixed batch and input size; export without --dynamic"):
        export("rcnn", tmp_path, dynamic=("batch",))


@pytest.mark.parametrize("kind", ["yolo", "ssd"])
def test_an_open_size_is_refused_or_works(tmp_path, kind):
    if kind == "ssd":
        with pytest.raises(ExportError, match="SSD needs a fixed input size"):
            export(kind, tmp_path, dynamic=("size",))
        return
    folder = export(kind, tmp_path, dynamic=("size",)).folder
    assert verify(folder, runtimes=["paddle-fp32"], count=2).passed


def test_a_classifier_has_no_full_graph(trained, tmp_path):
    from ppmobile.export.write import export as export_run

    with pytest.raises(ExportError, match="--for full: only a detector"):
        export_run(trained, tmp_path / "a", targets=("full",), say=lambda line: None)
    assert not (tmp_path / "a").exists()
