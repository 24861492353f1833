"""Run an exported folder by PaddleX and compare with the golden sample and with ppmobile's own predictor.

For an environment of its own: pip install "paddlex[base]==3.7.2" paddlepaddle==3.1.1. The folder needs --for paddlex.
    python deploy/paddlex/compare.py ARTEFACT [PICTURE ...]
"""

import json
import sys
from pathlib import Path

import yaml

TOLERANCE = 1e-4  # PaddleX rounds scores to 5 digits and normalises by multiply and add


def main(folder, pictures):
    """Print one line a picture; returns 1 if a class differs, or a score by more than TOLERANCE."""
    folder = Path(folder)
    golden = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    wanted = {folder / golden["picture"]: best(golden["output"][0], golden["deploy"]["classes"])}
    wanted.update(answers(folder, pictures))
    try:
        import paddlex
    except ImportError:
        sys.exit('paddlex is not installed here: pip install "paddlex[base]==3.7.2" in an environment of its own')
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
