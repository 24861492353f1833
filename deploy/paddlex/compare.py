"""Run an exported folder by PaddleX and compare with the golden sample and with ppmobile's own predictor.

For an environment of its own: pip install "paddlex[base]==3.7.2" paddlepaddle==3.1.1. The folder needs --for paddlex.
    python deploy/paddlex/compare.py ARTEFACT [PICTURE ...]
"""

import json
import sys
from pathlib import Path

import numpy as np
import yaml

PIXELS = 0.05  # by which a corner of a box may differ; scores as those of classes
TOLERANCE = 1e-4  # PaddleX rounds scores to 5 digits and normalises by multiply and add


def main(folder, pictures):
    """Print one line a picture; returns 1 if a class differs, or a score by more than TOLERANCE."""
    folder = Path(folder)
    golden = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    boxes = golden["deploy"]["task"] == "detect"
    try:
        import paddlex
    except ImportError:
        sys.exit('paddlex is not installed here: pip install "paddlex[base]==3.7.2" in an environment of its own')
    if boxes:
        return compare_boxes(paddlex, folder, golden, pictures)
    wanted = {folder / golden["picture"]: best(golden["output"][0], golden["deploy"]["classes"])}
    wanted.update(answers(folder, pictures))
    name = yaml.safe_load((folder / "inference.yml").read_text(encoding="utf-8"))["Global"]["model_name"]
    print(f"paddlex {paddlex.__version__}: create_model(model_name={name!r}, model_dir={str(folder)!r})")
    model = paddlex.create_model(model_name=name, model_dir=str(folder))
    wrong = 0
    for picture, (label, score) in wanted.items():
        result = next(iter(model.predict(str(picture)))).json["res"]
        found, its_score = result["label_names"][0], float(result["scores"][0])
        same = found == label and abs(its_score - score) <= TOLERANCE
        wrong += not same
        print(f"{picture.name}: PaddleX {found} {its_score:.5f}, ppmobile {label} {score:.5f}: "
              f"{'same' if same else 'DIFFERENT'}")
    return 1 if wrong else 0


def compare_boxes(paddlex, folder, golden, pictures):
    """The same for a detector: one line a picture; returns 1 if the boxes over the threshold for drawing differ."""
    import cv2

    name = yaml.safe_load((folder / "full" / "inference.yml").read_text(encoding="utf-8"))["Global"]["model_name"]
    print(f"paddlex {paddlex.__version__}: create_model(model_name={name!r}, model_dir={str(folder / 'full')!r})")
    model, wrong = paddlex.create_model(model_name=name, model_dir=str(folder / "full")), 0
    picture, draw = folder / golden["picture"], golden["deploy"]["postprocess"]["draw_threshold"]
    height, width = cv2.imdecode(np.fromfile(picture, np.uint8), cv2.IMREAD_COLOR).shape[:2]
    side = golden["input"]["shape"]
    rows = np.array(golden["output"]).reshape(-1, 6) * [1, 1, *[width / side[3], height / side[2]] * 2]
    wanted = {picture: rows[rows[:, 1] >= draw]}
    wanted.update(rows_of(folder, pictures))
    for picture, rows in wanted.items():
        result = next(iter(model.predict(str(picture)))).json["res"]["boxes"]
        found = np.array([[one["cls_id"], one["score"], *one["coordinate"]] for one in result]).reshape(-1, 6)
        found, rows = (part[np.lexsort((part[:, 2], -part[:, 1].round(4), part[:, 0]))] for part in (found, rows))
        error = np.abs(found - rows).max(axis=0, initial=0) if found.shape == rows.shape else np.full(6, np.inf)
        same = error[0] == 0 and error[1] <= TOLERANCE and error[2:].max() <= PIXELS
        wrong += not same
        print(f"{picture.name}: PaddleX {len(found)} boxes, ppmobile {len(rows)}; scores differ by {error[1]:.1e}, "
              f"corners by {error[2:].max():.1e} pixels: {'same' if same else 'DIFFERENT'}")
    return 1 if wrong else 0


def rows_of(folder, pictures):
    """{picture: (k, 6) class, score, box} by ppmobile's predictor, from this checkout."""
    if not pictures:
        return {}
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import ppmobile

    with ppmobile.load(folder, runtime="paddle-fp32") as predictor:
        return {Path(path): np.column_stack([found.labels, found.scores, found.boxes])
                for path, found in zip(pictures, predictor.predict(pictures))}


def best(scores, classes):
    """(class name, score) of the first answer."""
    return max(zip(classes, scores), key=lambda pair: pair[1])


def answers(folder, pictures):
    """{picture: (class name, score)} by ppmobile's predictor, from this checkout."""
    if not pictures:
        return {}
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    import ppmobile

    with ppmobile.load(folder, runtime="paddle-fp32") as predictor:
        return {Path(path): (found.name, found.score) for path, found in zip(pictures, predictor.predict(pictures))}


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
