"""Contact sheets of a detector's errors: the place in the picture, with the true boxes and the answered ones."""

import cv2
import numpy as np

from ..files import read_image
from ..predict.decode_boxes import pairwise_iou
from .box_errors import KINDS, box_errors
from .gallery import FRAME, RIGHT, SIDE, WRONG, gallery, percent

COLUMNS = 6  # pictures side by side
TRUE, ANSWER = (40, 230, 70), (255, 60, 60)  # RGB of boxes: brighter than the frames, to be seen on any picture
BOLD, THIN = 3, 1  # pixels: lines of the boxes that an error is about, and of all others
AROUND, LEAST_VIEW = 1.8, 64  # the view's side in sides of the boxes, and its least in pixels of the picture


def write_errors(metric, dataset, folder, threshold, most):
    """Write a sheet missed.png, false_alarm.png ... of each kind of error that occurs to `folder`.

    metric: of boxes. threshold: least score of an answer that counts. most: errors a sheet, 0 for no sheets. Returns
    {"threshold", "right": count, kind: {"count", "worst": [{"file", "score", "predicted", "box", "true",
    "true_box"}]}}.
    """
    found = box_errors(metric, threshold)
    told = {"threshold": threshold, "right": found["right"]}
    for kind in KINDS:
        worst, sheet = found[kind][:most], folder / f"{kind.replace(' ', '_')}.png"
        sheet.unlink(missing_ok=True)  # of an earlier evaluation
        if worst:
            gallery([cell_of(error, metric, dataset, threshold) for error in worst], sheet, COLUMNS)
        told[kind] = {"count": len(found[kind]), "worst": [_plain(error, metric, dataset) for error in worst]}
    return told


def cell_of(error, metric, dataset, threshold):
    """(view of the error's place, caption, frame colour) for `gallery`."""
    image = read_image(dataset.paths[error.index])
    item = dataset.items[error.index]
    left, top, side = view(error, image.shape)
    size = SIDE - 2 * FRAME
    scale = np.float32([[size / side, 0, -left * size / side], [0, size / side, -top * size / side]])
    shown = cv2.warpAffine(image, scale, (size, size), flags=cv2.INTER_AREA if side > size else cv2.INTER_LINEAR,
                           borderValue=(255, 255, 255))
    answers = [box for box, score in metric.answers(error.index) if score >= threshold]
    for boxes, color, width in ((item["boxes"], TRUE, THIN), (answers, ANSWER, THIN),
                                ([error.true_box], TRUE, BOLD), ([error.box], ANSWER, BOLD)):
        for box in boxes:
            if box is not None:
                _outline(shown, (np.asarray(box) - [left, top, left, top]) * (size / side), color, width)
    return shown, caption(error, metric.classes), RIGHT if error.kind == "missed" else WRONG


def view(error, shape):
    """(left, top, side) of the square around the boxes of an error, in pixels of a picture (H, W, 3)."""
    boxes = np.array([box for box in (error.box, error.true_box) if box is not None], np.float64)
    low, high = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    side = min(max(AROUND * (high - low).max(), LEAST_VIEW), max(shape[:2]))
    limit = np.maximum(np.array([shape[1], shape[0]]) - side, 0)
    left, top = np.clip((low + high - side) / 2, 0, limit)
    return left, top, side


def _outline(image, box, color, width):
    """The box on the view; what lies beyond the view is not drawn, not even as a line along its border."""
    size = image.shape[0]
    corners = [tuple(int(round(np.clip(value, -size, 2 * size))) for value in pair) for pair in (box[:2], box[2:])]
    cv2.rectangle(image, *corners, color, width)


def caption(error, classes):
    """What an error is, in a line."""
    true = None if error.true_label is None else classes[error.true_label]
    if error.kind == "missed":
        unsure = f", suspected at {percent(error.score)}" if error.score else ""
        return f"{true}{unsure}"
    answered = f"{classes[error.label]} {percent(error.score)}"
    if error.kind == "badly placed":
        return f"{answered}, IoU {pairwise_iou(error.box[None], error.true_box[None])[0, 0]:.2f}"
    return f"{answered}, true {true}" if error.kind == "wrong class" else answered


def _plain(error, metric, dataset):
    """An error as plain values, for JSON."""
    def box(values):
        return None if values is None else [round(float(value), 2) for value in values]

    def name(label):
        return None if label is None else metric.classes[label]

    return {"file": str(dataset.paths[error.index]), "score": round(error.score, 4), "predicted": name(error.label),
            "box": box(error.box), "true": name(error.true_label), "true_box": box(error.true_box)}
