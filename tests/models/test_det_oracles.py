"""The detectors against recordings of PaddleDetection's, in ../shared/oracles/det (skipped without it)."""

import json
from pathlib import Path

import numpy as np
import paddle
import pytest
from deterministic import blocky_image, tensor

from ppmobile.models.build import build_model
from ppmobile.predict.decode_boxes import decode, nms
from ppmobile.zoo import official_keys

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
    "picodet_s_320_coco_lcnet_320": {
        "backbone": {"name": "PPLCNet", "scale": 0.75, "out_strides": [8, 16, 32]}, "neck": {"name": "LCPAN"},
        "head": {"name": "PicoHead"}},
    "faster_rcnn_mobilenet_v3_large_fpn_320_320": {
        "backbone": {"name": "MobileNetV3", "size": "large", "out_strides": [8, 16, 32]},
        "neck": {"name": "FPN", "channels": 48, "extra": 2, "extra_by": "conv"}, "head": {"name": "FasterRCNNHead"}},
}
OUTPUT, LOSS = 1e-4, 1e-3  # largest relative errors; float32 itself makes about 1e-6
# Of PicoDet's recorded scores 7 % are 1, where the gradient hangs on the last bit: a picture * 1.0000002 moves single
# norms by up to 0.39, half of them by less than 0.001; the loss as PaddleDetection writes it has our gradients.
GRADIENT = {"PicoDet": 0.5}


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
        if official not in recorded["untouched"]:
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
    rows = [row[:2] for row in recorded["state_dict"] if row[0] not in recorded.get("aliases", {})]
    assert [[names[key], list(state[key].shape)] for key in state] == rows
    assert official_keys(model) == [row[0] for row in recorded["state_dict"]]
    fixed = sum(state[key].size for key in state if names[key] in recorded["untouched"])  # counted there, not learnt
    assert sum(p.size for p in model.parameters() if not p.stop_gradient) + fixed == recorded["params"]


@paddle.no_grad()
def stages(head, features):
    """What is recorded of a two-stage head: maps of the region proposal network, proposals, and their raw outputs."""
    scores, deltas = head.rpn(features)
    boxes = head.rpn.propose(scores, deltas, (320, 320), *head.limits)
    logits, moves = head.roi(features, boxes.reshape([-1, 4]), [boxes.shape[1]] * len(boxes))
    maps = [(f"rpn.{kind}.{i}", x) for kind, part in (("score", scores), ("delta", deltas)) for i, x in enumerate(part)]
    return [*maps, *((f"rois.{i}", x) for i, x in enumerate(boxes)), ("head.deltas", moves.flatten(1)),
            ("head.scores", paddle.nn.functional.softmax(logits))]


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
    if recorded["arch"] == "PicoDet":  # recorded for the first picture, and decoded for both
        roots = [(x + 1e-9).sqrt() for x in outputs[:4]]
        levels = [(f"{kind}.{i}", x) for kind, part in (("scores", roots), ("reg", outputs[4:]))
                  for i, x in enumerate(part)]
        shown = [pair for pair in shown if not pair[0].startswith("head.")]
        shown += [(f"head.noexport.{name}", x[:1].flatten(2).transpose([0, 2, 1])) for name, x in levels]
        shown += [("head.scores", paddle.to_tensor(scores.transpose(0, 2, 1))), ("head.boxes", paddle.to_tensor(boxes))]
    if recorded["arch"] == "FasterRCNN":
        shown = [pair for pair in shown if not pair[0].startswith("head.")] + stages(model.head, features)
    for name, value in shown:
        check(arrays, name, value)
    answers = (boxes, scores), decode([x.numpy() for x in outputs], model.head.raw(), recorded["input_shape"][2:])
    for answer in answers:
        found = nms(*answer, **model.head.nms)
        if recorded["arch"] == "FasterRCNN":  # where nothing is found, PaddleDetection says a box without a score
            found = [one if len(one) else np.float32([[0, 0, 0, 0, 1, 1]]) for one in found]
        assert [len(one) for one in found] == list(arrays["post.bbox_num"])
        found, expected = np.concatenate(found), arrays["post.bbox"]
        assert np.array_equal(found[:, 0], expected[:, 0])
        assert np.abs(found - expected).max(axis=0)[1:].max() <= OUTPUT * max(recorded["input_shape"])
        assert np.abs(found - expected)[:, 1].max() <= OUTPUT


def test_losses_and_gradients(case):
    assert {"frozen_bn", "batch_bn"} <= set(case[0]["losses"])
    for mode in case[0]["losses"]:  # PicoDet has one more, of its later assignment of targets
        compare_losses(case, mode)


def compare_losses(case, mode):
    """Assert that losses, and with frozen BN the norms of gradients, are those that were recorded in this mode."""
    recorded, _, model, batch = case
    if recorded["arch"] == "PicoDet":
        model.head.start_epoch(model.head.static_epochs if mode == "frozen_bn_tal" else 0)
    fill(model, recorded)
    model.train() if mode == "batch_bn" else model.eval()
    if recorded["arch"] == "FasterRCNN":  # recorded without chance; of its parts only the backbone has batch norm
        model.head.train()
        model.head.shuffle = False
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
        errors = []
        for key, parameter in parameters.items():
            norm, wanted = np.linalg.norm(parameter.grad.numpy().astype(np.float64)), norms[names[key]][0]
            assert norm == pytest.approx(wanted, rel=GRADIENT.get(recorded["arch"], LOSS)), key
            errors.append(abs(norm - wanted) / max(wanted, norm, 1e-12))
        assert np.median(errors) <= LOSS
