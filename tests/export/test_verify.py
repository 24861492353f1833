"""The stages of a verification: what passes, which planted fault is found where, and what verify.json says of it."""

import json

import numpy as np
import pytest
from damage import change_onnx_weight, change_weight, copy, filter_name, reseal

from ppmobile.artefact import read
from ppmobile.config import from_tree
from ppmobile.engine.run import restore
from ppmobile.errors import ExportError
from ppmobile.export import verify as module
from ppmobile.export.verify import verify
from ppmobile.predict.runtimes import NAMES, status

LAYER = "backbone.blocks.0.pointwise.conv"
ONE = ["paddle-fp32"]


def stage(report, name):
    """The stage of that name."""
    return next(s for s in report.stages if s.name == name)


def verdicts(report):
    """{stage: verdict}."""
    return {s.name: s.verdict for s in report.stages}


def test_a_sound_artefact_passes_with_the_trained_net_and_real_pictures(copied, trained, tiny):
    report = verify(copied, restore(trained)[0], from_tree(tiny, {}, "c"), runtimes=ONE, count=4)
    assert verdicts(report) == dict.fromkeys(["files", "preprocess", "eager", "traced", "paddle-fp32"], "passed")
    assert report.passed and report.pictures == 6 and report.origin == "4 pictures of data.val"
    assert stage(report, "eager").max_error == 0 and stage(report, "paddle-fp32").relative < 1e-4
    lines = report.table().splitlines()
    assert lines[1].startswith("stage") and lines[-1] == "passed on 1 runtimes"


def test_every_runtime_is_a_stage_or_says_why_not(copied):
    report = verify(copied, count=3)
    assert [s.name for s in report.stages if s.name in NAMES] == list(NAMES)
    for name in NAMES:
        reason = status(name, read(copied))
        assert verdicts(report)[name] == ("skipped" if reason else "passed") and stage(report, name).reason == reason
        assert not reason or f"{name}: skipped: {reason}" in report.table()
    assert stage(report, "onnx-fp32").reason.startswith("the artefact has no model.onnx")


def test_verify_json_says_which_files_machine_and_versions(copied):
    report = verify(copied, runtimes=ONE, count=2)
    found = json.loads((copied / "verify.json").read_text(encoding="utf-8"))
    assert found["format"] == 1 and found["passed"] is True and found["artefact"] == read(copied).digest
    assert found["runtimes"]["paddle-fp32"]["passed"] is True and found["runtimes"]["paddle-fp32"]["reason"] == ""
    assert found["pictures"] == 4 and found["origin"] == report.origin == "2 variations of the golden picture"
    assert set(found["machine"]) == {"cpu", "features"} and "numpy" in found["versions"]
    assert [s["name"] for s in found["stages"]] == ["files", "preprocess", "traced", "paddle-fp32"]
    assert read(copied).problems == []  # verify.json is no part of what is hashed


def test_another_checkpoint_is_noticed(copied, trained):
    model = restore(trained)[0]
    model.head.fc.weight.set_value(model.head.fc.weight * 1.01)
    report = verify(copied, model, runtimes=[], count=1)
    assert verdicts(report)["eager"] == "FAILED" and "is this the checkpoint" in stage(report, "eager").reason
    assert stage(report, "traced").layer == "head.fc"
    assert model.training is False


def test_a_changed_weight_fails_at_the_traced_graph_and_no_runtime_is_trusted(copied):
    change_weight(copied, LAYER)
    reseal(copied)
    report = verify(copied, runtimes=ONE, count=1)
    assert verdicts(report) == {"files": "passed", "preprocess": "passed", "traced": "FAILED", "paddle-fp32": "passed"}
    assert stage(report, "traced").layer == LAYER and not report.passed
    assert report.table().splitlines()[-1] == "FAILED, first at traced"
    found = json.loads((copied / "verify.json").read_text(encoding="utf-8"))["runtimes"]["paddle-fp32"]
    assert found["passed"] is False and found["reason"].startswith("traced: ")


def test_a_changed_weight_in_the_onnx_file_fails_there(exported, tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("paddle2onnx")
    from ppmobile.export.onnx import convert

    folder = copy(exported, tmp_path / "图 é")
    convert(folder, folder / "model.onnx")
    reseal(folder)
    assert verify(folder, runtimes=["onnx-fp32"], count=1).passed
    change_onnx_weight(folder / "model.onnx", filter_name(folder, LAYER))
    reseal(folder)
    report = verify(folder, runtimes=["paddle-fp32", "onnx-fp32"], count=1)
    assert verdicts(report)["traced"] == verdicts(report)["paddle-fp32"] == "passed"
    assert verdicts(report)["onnx-fp32"] == "FAILED" and stage(report, "onnx-fp32").layer == LAYER


GARBAGE = {"another order of the classes": lambda p: p[:, ::-1], "zeros": np.zeros_like,
           "not a number": lambda p: np.full_like(p, np.nan), "a class too few": lambda p: p[:, 1:]}


@pytest.mark.parametrize("fault", GARBAGE)
def test_garbage_of_a_runtime_fails(copied, monkeypatch, fault):
    real = module.open_runtime

    class Garbage:
        """The runtime, and what it answers spoilt."""

        def __init__(self, runtime):
            self.runtime = runtime

        def run(self, image):
            return [GARBAGE[fault](self.runtime.run(image)[0])]

        def close(self):
            self.runtime.close()

    monkeypatch.setattr(module, "open_runtime", lambda *arguments: Garbage(real(*arguments)))
    report = verify(copied, runtimes=ONE, count=3)
    assert verdicts(report)["paddle-fp32"] == "FAILED" and verdicts(report)["traced"] == "passed"
    assert stage(report, "paddle-fp32").reason


def test_a_runtime_that_raises_fails_in_one_line(copied, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("\n\nC++ Traceback\n  (Error) no kernel\n")

    monkeypatch.setattr(module, "open_runtime", broken)
    report = verify(copied, runtimes=ONE, count=1)
    assert stage(report, "paddle-fp32").reason == "RuntimeError: (Error) no kernel"


def test_runtimes_asked_for_must_be_usable(copied):
    with pytest.raises(ExportError, match="onnx-fp32 cannot be verified: the artefact has no model.onnx"):
        verify(copied, runtimes=["onnx-fp32"])
    with pytest.raises(ExportError, match="unknown runtime 'paddle-fp23'.*Did you mean 'paddle-fp32'"):
        verify(copied, runtimes=["paddle-fp23"])
    assert not (copied / "verify.json").exists()


def test_nothing_is_proven_without_a_runtime(copied):
    report = verify(copied, runtimes=[], count=1)
    assert set(verdicts(report).values()) == {"passed"} and not report.passed and report.tested == []
    assert report.table().splitlines()[-1] == "not passed: no runtime was tested"
    assert json.loads((copied / "verify.json").read_text(encoding="utf-8"))["passed"] is False


def test_answers_that_hardly_depend_on_the_picture_are_noted(tiny, pictures, tmp_path):
    import ppmobile
    from ppmobile.export.write import export_model

    model = ppmobile.build(tiny, 3)
    model.head.fc.weight.set_value(model.head.fc.weight * 0)
    picture = next(iter(pictures.rglob("*.png")))
    config = from_tree(tiny, {}, "c")
    export_model(model, config, ["a", "b", "c"], tmp_path / "a", picture=picture, say=lambda line: None)
    report = verify(tmp_path / "a", runtimes=ONE, count=2)
    assert report.passed and "note: the answers hardly depend on the picture" in report.table()


def test_where_the_net_itself_amplifies_rounding_fp32_may_be_off_by_as_much(copied, monkeypatch):
    real = module.open_runtime

    class Noisy:
        """The runtime, 5e-4 off for every picture."""

        def __init__(self, runtime):
            self.runtime, self.close = runtime, runtime.close

        def run(self, image):
            return [self.runtime.run(image)[0] + np.float32(5e-4)]

    monkeypatch.setattr(module, "open_runtime", lambda *arguments: Noisy(real(*arguments)))
    assert verdicts(verify(copied, runtimes=ONE, count=2))["paddle-fp32"] == "FAILED"
    monkeypatch.setattr(module._Run, "_motion", lambda self, index: 1e-3)  # a net that moves by 1e-3 for nothing
    report = verify(copied, runtimes=ONE, count=2)
    assert report.passed and "note: on 4 of the pictures the net turns a change of 1e-06" in report.table()
    monkeypatch.setattr(module._Run, "_motion", lambda self, index: 1e-5)
    assert not verify(copied, runtimes=ONE, count=2).passed
