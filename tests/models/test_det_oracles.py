"""The detectors against recordings of PaddleDetection's, in ../shared/oracles/det (skipped without it)."""

import json
from pathlib import Path

import numpy as np
import paddle
import pytest
from deterministic import blocky_image, tensor

from ppmobile.models.build import build_model
from ppmobile.predict.decode_boxes import decode, nms

ORACLES = Path(__file__).resolve().parents[2].parent / "shared" / "oracles" / "det"
YOLO = {"neck": {"name": "YOLOFPN"}, "head": {"name": "YOLOv3Head"}}
CASES = {
    "yolov3_mobilenet_v1_270e_coco_320": {
        "backbone": {"name": "MobileNetV1", "out_strides": [8, 16, 32], "early_taps": True}, **YOLO},
    "yolov3_mobilenet_v3_large_270e_coco_320": {
        "backbone": {"name": "MobileNetV3", "size": "large", "out_strides": [8, 16, 32]}, **YOLO},
    "yolov3_r34_270e_coco_320": {"backbone": {"name": "ResNet", "out_strides": [8, 16, 32]}, **YOLO},
    "ssdlite_mobilenet_v1_300_coco_300": {
        "backbone": {"name": "MobileNetV1", "out_strides": [16, 32]}, "neck": {"name": "SSDExtra"},
        "head": {"name": "SSDHead", "steps": [16, 32, 64, 100, 150, 300]}},
    "ssdlite_mobilenet_v3_small_320_coco_320": {
        "backbone": {"name": "MobileNetV3", "size": "small", "ssdlite": True},
        "neck": {"name": "SSDExtra", "depthwise": True},
        "head": {"name": "SSDHead", "steps": [16, 32, 64, 107, 160, 320]}},
}
OUTPUT, LOSS = 1e-4, 1e-3  # largest relative errors; float32 itself makes about 1e-6


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """(recording, its arrays, model with the recorded weights, batch) of one detector."""
    name = request.param
    if not (ORACLES / f"{name}.json").is_file():
        pytest.skip("no ../shared/oracles/det beside the repository")
    recorded = json.loads((ORACLES / f"{name}.json").read_text(encoding="utf-8"))
    model = build_model(CASES[name], "detect", recorded["num_classes"])
    with np.load(ORACLES / f"{name}.npz") as file:
        arrays = dict(file)
    return recorded, arrays, model, batch_of(recorded)


def batch_of(recorded):
    """The recorded picture and ground truth as a training batch; the second picture has one box less."""
    most = max(len(one["cls"]) for one in recorded["gt"])
    boxes, labels = np.zeros((2, most, 4), np.float32), np.full((2, most), -1)
    for i, one in enumerate(recorded["gt"]):
        boxes[i, : len(one["cls"])], labels[i, : len(one["cls"])] = one["bbox_xyxy_pixels"], one["cls"]
    image = blocky_image(recorded["input_seed"], recorded["input_shape"])
    return {k: paddle.to_tensor(v) for k, v in {"image": image, "boxes": boxes, "labels": labels}.items()}


def fill(model, recorded):
    """Give every tensor its recorded value; batch norm's statistics too, which training moves."""
    state = model.state_dict()
    for key, official in model.official_names().items():
        state[key].set_value(tensor(official, state[key].shape, recorded["gain"]))


def check(arrays, name, value):
    """Hold a map against its recording, whole or digested as in the oracles' README."""
    value = value.numpy()
    if name in arrays:
        assert np.abs(value - arrays[name]).max() <= OUTPUT * np.abs(arrays[name]).max(), name
        return
    assert list(value.shape) == list(arrays[f"{name}.shape"])
    flat, random = value.astype(np.float64).ravel(), np.random.RandomState(1234)
    blocks = [flat[i:i + (1 << 18)] for i in range(0, flat.size, 1 << 18)]
    projected = sum(block @ random.standard_normal((block.size, 8)) for block in blocks) / np.sqrt(flat.size)
    tolerance = OUTPUT * arrays[f"{name}.absmax"]
    assert np.abs(flat[:64] - arrays[f"{name}.first64"]).max() <= tolerance, name
    assert np.abs(projected - arrays[f"{name}.proj"]).max() <= tolerance, name
    assert abs(flat.std() - arrays[f"{name}.std"]) <= tolerance, name
    assert abs(flat.mean() - arrays[f"{name}.mean"]) <= tolerance, name


def test_keys_and_shapes(case):
    recorded, _, model, _ = case
    state, names = model.state_dict(), model.official_names()
    assert [[names[key], list(state[key].shape)] for key in state] == [row[:2] for row in recorded["state_dict"]]
    assert sum(p.size for p in model.parameters() if not p.stop_gradient) == recorded["params"]


def test_maps_and_boxes(case):
    recorded, arrays, model, batch = case
    fill(model, recorded)
    model.eval()
    with paddle.no_grad():
        maps = model.backbone(batch["image"])
        features = model.neck(maps)
        outputs = model(batch["image"])
        boxes, scores = (x.numpy() for x in model.head.answer(outputs))
    if recorded["arch"] == "SSD":  # there the extra layers belong to the backbone
        levels = [x.shape[2] * x.shape[3] * len(s) for x, s in zip(features, model.head.shapes)]
        size = np.float32(recorded["input_shape"][:1:-1] * 2)
        parts = {"boxes": outputs[0].split(levels, 1), "scores": outputs[1].split(levels, 1),
                 "priors": (outputs[2] / paddle.to_tensor(size)).split(levels, 0)}
        raw = [(f"head.{kind}.{i}", x) for kind, part in parts.items() for i, x in enumerate(part)]
        shown = [(f"backbone.{i}", x) for i, x in enumerate(features)] + raw
    else:
        shown = [(f"{part}.{i}", x) for part, values in (("backbone", maps), ("neck", features), ("head", outputs))
                 for i, x in enumerate(values)]
    for name, value in shown:
        check(arrays, name, value)
    answers = (boxes, scores), decode([x.numpy() for x in outputs], model.head.raw(), recorded["input_shape"][2:])
    for answer in answers:
        found = nms(*answer, **model.head.nms)
        assert [len(one) for one in found] == list(arrays["post.bbox_num"])
        found, expected = np.concatenate(found), arrays["post.bbox"]
        assert np.array_equal(found[:, 0], expected[:, 0])
        assert np.abs(found - expected).max(axis=0)[1:].max() <= OUTPUT * max(recorded["input_shape"])
        assert np.abs(found - expected)[:, 1].max() <= OUTPUT


@pytest.mark.parametrize("mode", ["frozen_bn", "batch_bn"])
def test_losses_and_gradients(case, mode):
    recorded, _, model, batch = case
    fill(model, recorded)
    model.train() if mode == "batch_bn" else model.eval()
    model.clear_gradients()
    losses, expected = model.losses(batch), recorded["losses"][mode]
    total = sum(losses.values())
    assert float(total) == pytest.approx(expected["loss"], rel=LOSS)
    for name in set(expected) & set(losses):  # SSD is recorded as a sum
        assert float(losses[name]) == pytest.approx(expected[name], rel=LOSS)
    if mode == "frozen_bn":
        total.backward()
        norms, names = recorded["grad_norm_and_projection_frozen_bn"], model.official_names()
        parameters = {key: p for key, p in model.named_parameters() if not p.stop_gradient}
        assert len(parameters) == len(norms)
        for key, parameter in parameters.items():
            norm = np.linalg.norm(parameter.grad.numpy().astype(np.float64))
            assert norm == pytest.approx(norms[names[key]][0], rel=LOSS), key
