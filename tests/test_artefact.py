"""Reading an artefact: what it offers, and the message on each thing that can be wrong with it. (Every field of
deploy.yml, one by one: export/test_mutations.py.)"""

import json

import pytest

from ppmobile import artefact
from ppmobile.errors import ExportError


def refused(folder):
    """The message on an artefact that is not accepted, without the folder in front."""
    with pytest.raises(ExportError) as error:
        artefact.read(folder)
    assert "\n" not in str(error.value)
    return str(error.value).replace(f"{folder}", "").lstrip("/: ")


def edit(folder, old, new):
    path = folder / "deploy.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_what_an_artefact_offers(exported):
    found = artefact.read(exported)
    assert found.classes == ["红 red", "green", "blue"] and found.shape == [1, 3, 16, 16]
    assert found.has("inference.pdmodel", "inference.pdiparams", "golden.json") and not found.has("model.onnx")
    assert found.path("inference.pdmodel").is_file() and len(found.digest) == 64 and found.problems == []
    assert [step["name"] for step in found.deploy["preprocess"]] == ["Resize", "Normalize", "ToCHW"]


def test_the_golden_sample_holds_picture_answer_layers_and_a_copy_of_deploy_yml(exported):
    golden = artefact.golden(exported)
    assert (exported / golden["picture"]).is_file() and golden["input"]["shape"] == [1, 3, 16, 16]
    assert sum(golden["output"][0]) == pytest.approx(1, abs=1e-6)  # probabilities
    assert "backbone.stem.conv" in golden["layers"] and golden["layers"]["head.fc"]["shape"] == [1, 3]
    assert golden["deploy"] == artefact.read(exported).deploy


@pytest.mark.parametrize("name", ["inference.pdiparams", "inference.pdmodel", "golden.json", "golden.png"])
def test_a_missing_or_changed_file_is_named(copied, name):
    data = (copied / name).read_bytes()
    (copied / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert refused(copied).startswith(f"{name} was changed since the export")
    (copied / name).unlink()
    assert refused(copied) == f"{name} is missing; {artefact.AGAIN}"


@pytest.mark.parametrize("old, new, message", [
    ("- green", "- gren", "deploy.yml: classes.1 is 'gren', but was 'green' when exported"),
    ("size: 16", "size: 17", "deploy.yml: preprocess.0.size is 17, but was 16 when exported"),
    ("interp: linear", "interp: cubic", "deploy.yml: preprocess.0.interp is 'cubic', but was 'linear'"),
    ("format: 1", "format: 2", "deploy.yml: format 2 is newer than this ppmobile understands (1); pip install"),
    ("format: 1", "format: one", "deploy.yml: format: expected 1, got 'one'"),
    ("task: classify\n", "", "deploy.yml: task: the field is missing"),
    ("task: classify", "task: classify\nmore: 1", "deploy.yml: more: unknown field"),
    ("files:", "fils:", "deploy.yml: files: the list of files and hashes is missing"),
    ("  inference.pdmodel: ", "  ../inference.pdmodel: ", "deploy.yml: files: '../inference.pdmodel' lies outside"),
])
def test_a_changed_field_is_named(copied, old, new, message):
    if old == "- green" and old not in (copied / "deploy.yml").read_text(encoding="utf-8"):
        old, new = "green", "gren"  # a short list stands in one line
    edit(copied, old, new)
    assert refused(copied).startswith(message)


def rewritten(folder, place, value):
    """The message on an artefact whose hashes are right, with another value at a place of deploy.yml and its copy."""
    kept = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    *way, last = place
    inner = kept["deploy"]
    for key in way:
        inner = inner[key]
    inner[last] = value
    (folder / "golden.json").write_text(json.dumps(kept), encoding="utf-8")
    artefact.seal(folder, kept["deploy"])
    return refused(folder)


@pytest.mark.parametrize("place, value, message", [
    (["format"], True, "deploy.yml: format: expected 1, got true"),
    (["format"], 1.0, "deploy.yml: format: expected 1, got 1.0"),
    (["classes"], "cat", "deploy.yml: classes: expected a list of names, got 'cat'"),
    (["classes"], [], "deploy.yml: classes: expected a list of names, got []"),
    (["classes", 1], 5, "deploy.yml: classes.1: expected a text, got 5"),
    (["input"], None, "deploy.yml: input: expected a block of keys, got nothing"),
    (["input", "shape"], None, "deploy.yml: input.shape: expected [N, 3, height, width]"),
    (["input", "shape"], [1, 3, 16], "deploy.yml: input.shape: expected"),
    (["input", "shape", 0], True, "deploy.yml: input.shape: expected"),
    (["input", "shape", 1], -1, "deploy.yml: input.shape: expected"),
    (["input", "shape", 2], 0, "deploy.yml: input.shape: expected"),
    (["input", "shape", 2], 16.0, "deploy.yml: input.shape: expected"),
    (["input", "shape", 3], 16385, "deploy.yml: input.shape: expected"),
    (["postprocess"], None, "deploy.yml: postprocess: expected a block of keys, got nothing"),
    (["postprocess", "topk"], "5", "deploy.yml: postprocess.topk: expected a whole number of at least 1, got '5'"),
    (["postprocess", "topk"], True, "deploy.yml: postprocess.topk: expected"),
    (["postprocess", "topk"], 0, "deploy.yml: postprocess.topk: expected"),
    (["preprocess"], None, "deploy.yml: preprocess: expected a list, got nothing"),
    (["preprocess", 1], "ToCHW", "deploy.yml: preprocess.1: expected a step such as {name: ToCHW}, got 'ToCHW'"),
    (["preprocess", 0], {"size": 3}, "deploy.yml: preprocess.0: expected a step"),
])
def test_a_field_of_another_type_is_named_though_all_hashes_are_right(copied, place, value, message):
    assert rewritten(copied, place, value).startswith(message)


@pytest.mark.parametrize("shape", [[-1, 3, -1, -1], [1, 3, 16384, 1]])
def test_shapes_that_are_fine(copied, shape):
    with pytest.raises(pytest.fail.Exception):
        rewritten(copied, ["input", "shape"], shape)
    assert artefact.read(copied).shape == shape


@pytest.mark.parametrize("change, message", [
    (lambda kept: [kept], "expected a block of keys, got ["),
    *((lambda kept, key=key: {k: v for k, v in kept.items() if k != key}, f"{key}: expected ")
      for key in ("picture", "input", "output", "layers", "deploy")),
    (lambda kept: {**kept, "input": {"shape": 3}}, "input: expected shape and sha256, got {'shape': 3}"),
    (lambda kept: {**kept, "output": [[0.5, float("nan")]]}, "output: expected a list of one list of finite numbers"),
    (lambda kept: {**kept, "output": [0.5, 0.5]}, "output: expected a list of one list"),
    (lambda kept: {**kept, "layers": {"head.fc": {"shape": [1, 3]}}}, "layers.head.fc: at: expected places in an"),
    (lambda kept: {**kept, "raw": [3]}, "raw.0: expected a block of keys, got 3"),
    (lambda kept: {**kept, "raw": None}, "raw: expected a list, got nothing"),
    (lambda kept: {**kept, "picture": "../golden.png"}, "picture: '../golden.png' is not among the files of"),
    (lambda kept: {**kept, "picture": "/etc/motd"}, "picture: '/etc/motd' is not among the files of deploy.yml"),
])
def test_a_golden_sample_of_another_form_is_named_though_all_hashes_are_right(copied, change, message):
    kept = artefact.golden(copied)
    (copied / "golden.json").write_text(json.dumps(change(kept)), encoding="utf-8")
    artefact.seal(copied, kept["deploy"])
    assert refused(copied).startswith(f"golden.json: {message}")


BOXES = {"raw": {"kind": "rcnn"}, "nms": {"score_threshold": 0.01, "iou_threshold": 0.45, "top_k": 400, "keep": 100},
         "draw_threshold": 0.5}


def detector(folder, postprocess=BOXES, output=((0, 0.9, 1, 2, 3, 4.5),)):
    """Make an artefact say that it is a detector's, with hashes that are right; there is no such graph in it."""
    kept = artefact.golden(folder)
    kept["deploy"].update(task="detect", postprocess=postprocess)
    kept["output"] = [list(row) if isinstance(row, tuple) else row for row in output]
    (folder / "golden.json").write_text(json.dumps(kept), encoding="utf-8")
    artefact.seal(folder, kept["deploy"])
    return folder


@pytest.mark.parametrize("output", [(), ((0, 0.9, 1, 2, 3, 4.5), (2, 0.1, -3.5, 0, 8, 9))])
def test_a_detector_and_its_golden_rows(copied, output):
    found = artefact.read(detector(copied, output=output))
    assert found.deploy["postprocess"] == BOXES and len(artefact.golden(copied)["output"]) == len(output)


@pytest.mark.parametrize("change, message", [
    ({"raw": None}, ".raw: expected a block of keys with kind, got nothing"),
    ({"raw": {"kind": "gfl", "strides": [0]}}, ".raw.strides: expected a list of whole numbers of pixels, got [0]"),
    ({"raw": {"strides": [8]}}, ".raw: expected a block of keys with kind, got {'strides': [8]}"),
    ({"nms": {"score_threshold": 0.01}}, ".nms: expected score_threshold, iou_threshold, top_k, keep, got"),
    ({"nms": {**BOXES["nms"], "more": 1}}, ".nms: expected score_threshold, iou_threshold, top_k, keep, got"),
    ({"nms": {**BOXES["nms"], "top_k": 4.0}}, ".nms.top_k: expected a whole number of at least 1, or -1"),
    ({"nms": {**BOXES["nms"], "keep": True}}, ".nms.keep: expected a whole number of at least 1, or -1"),
    ({"nms": {**BOXES["nms"], "iou_threshold": 45}}, ".nms.iou_threshold: expected 0 to 1, got 45"),
    ({"nms": {**BOXES["nms"], "score_threshold": "0.1"}}, ".nms.score_threshold: expected 0 to 1, got '0.1'"),
    ({"draw_threshold": 1.5}, ".draw_threshold: expected 0 to 1, got 1.5"),
    ({"draw_threshold": None}, ".draw_threshold: expected 0 to 1, got nothing"),
])
def test_what_a_detector_says_of_its_boxes(copied, change, message):
    assert refused(detector(copied, {**BOXES, **change})).startswith(f"deploy.yml: postprocess{message}")


def test_a_detector_does_not_say_top_k_of_classes(copied):
    assert refused(detector(copied, {"topk": 5})).startswith("deploy.yml: postprocess.raw: expected a block of keys")


@pytest.mark.parametrize("row", [[0, 0.9, 1, 2, 3], [0, 0.9, 1, 2, 3, "4"], [0, 0.9, 1, 2, 3, float("inf")], 7,
                                 [[0, 0.9, 1, 2, 3, 4]]])
def test_a_golden_row_is_six_numbers(copied, row):
    message = refused(detector(copied, output=[(0, 0.9, 1, 2, 3, 4), row]))
    assert message.startswith("golden.json: output: expected rows of six finite numbers, got")


def test_no_artefact_and_no_yaml(tmp_path, copied):
    assert "no artefact (it has no deploy.yml); make one with ppmobile export" in refused(tmp_path)
    (copied / "deploy.yml").write_text("- a", encoding="utf-8")
    assert refused(copied).startswith("deploy.yml: expected fields such as task and classes")


def test_without_the_check_the_findings_are_listed(copied):
    edit(copied, "size: 16", "size: 17")
    (copied / "inference.pdmodel").unlink()
    assert len(artefact.read(copied, check=False).problems) == 2


def test_a_damaged_golden_sample(copied):
    (copied / "golden.json").write_text("{", encoding="utf-8")
    with pytest.raises(ExportError, match="golden.json: cannot be read"):
        artefact.golden(copied)


def test_differences_are_told_by_place():
    now, then = {"a": [1, 2], "b": 1.0, "d": 0}, {"a": [1, 3, 4], "b": 1, "c": None}
    assert artefact.differences(now, then) == [
        ("a.1", 2, 3), ("a.2", artefact.GONE, 4), ("b", 1.0, 1), ("c", artefact.GONE, None), ("d", 0, artefact.GONE)]
    assert artefact.differences({"a": json.loads("1")}, {"a": 1}) == []
