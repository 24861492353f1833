"""What `make demo` does: from embedded pictures to a small classifier and a small detector, proven on every runtime."""

import os
import shutil
import sys
import time
from pathlib import Path

from . import load
from .cli import main
from .doctor import installed

ROOT = Path(__file__).resolve().parents[1]
CONFIG = "configs/classify/digits.yml"
RUN, PICTURES, ANSWERS, SHEET = "demo/digits", "demo/pictures", "demo/answers", "demo/answers.png"
ARTEFACT, BENCH = "demo/artefact", "demo/bench"
SCENE_COUNT = 2000  # as in DETECTOR, so that no further scenes are drawn
DETECTOR = "configs/detect/digits_yolov3_pplcnet_x0_25.yml"
SCENES_RUN, SCENES, FOUND = "demo/scenes", "demo/scene_pictures", "demo/scene_answers"
SCENES_SHEET, SCENES_ARTEFACT = "demo/scene_answers.png", "demo/scenes_artefact"
SLIM, SLIM_RUN = "configs/slim/digits_yolov3.yml", "demo/slim"
TARGETS = {"lite": "paddlelite", "onnx": "paddle2onnx", "openvino": "openvino"}  # and the package that each takes
COUNT = 12  # pictures to answer for
WORTH_A_LOOK = {
    f"{RUN}/curves.png": "how loss and accuracy went",
    f"{RUN}/eval_test/confusion.png": "which digits are taken for which",
    f"{RUN}/eval_test/worst.png": "the most confident mistakes",
    f"{BENCH}/bench.png": "time and size of each runtime",
    SHEET: f"{COUNT} answers on one sheet (each on its own: {ANSWERS}/)",
    f"{SCENES_RUN}/curves.png": "how the detector learned",
    f"{SCENES_RUN}/eval_test/precision_recall.png": "its precision and recall, digit by digit",
    f"{SLIM_RUN}/slim.html": "what cutting a third of its channels gained and cost, step by step",
    SCENES_SHEET: f"{COUNT} scenes with the boxes it found (each on its own: {FOUND}/)",
}


def step(title, *argv):
    """Show and run one command as a user would type it; stop the demo if it fails."""
    print(f"\n== {title}\n$ ppmobile {' '.join(argv)}", flush=True)
    start = time.perf_counter()
    status = main(list(argv))
    if status:
        sys.exit(status)
    print(f"-- {time.perf_counter() - start:.0f} s", flush=True)


def copy_pictures(paths, folder, name=lambda path: f"true_{path.parent.name}_{path.name}"):
    """Copy pictures to `folder` under the names that `name` makes of their Paths; the list of the copies.

    By default pictures lie in the folder of their class, and are called true_CLASS_NAME.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    copies = [folder / name(Path(path)) for path in paths]
    for path, copy in zip(paths, copies):
        shutil.copyfile(path, copy)
    return copies


def cell_of(path, name, probability):
    """(path, caption, frame colour) of a copied picture and its answer: green if right, red if wrong."""
    from .explain.gallery import RIGHT, WRONG, percent

    true = Path(path).name.split("_")[1]
    answer = f"{name}, {percent(probability)}"
    return (path, answer, RIGHT) if name == true else (path, f"{answer} (true {true})", WRONG)


def overview(pictures):
    """Write all pictures with the model's first answers on one sheet."""
    from .engine.infer import Trained
    from .explain.gallery import gallery

    answers = Trained(RUN).stream(pictures)
    gallery([cell_of(path, one.name, one.score) for path, one in zip(pictures, answers)], SHEET, columns=4)


def export(run, artefact):
    """Export a run for every target whose package is installed, which proves each file."""
    targets = [target for target, package in TARGETS.items() if installed(package)]
    step("Export, and prove that each file computes what was trained", "export", "-w", run, "--out", artefact,
         "--overwrite", *(["--for", *targets] if targets else []))


def deploy(pictures):
    """Export with proof, quantize, prove again, measure, and answer from Python; for what is installed."""
    export(RUN, ARTEFACT)
    if installed("paddleslim"):
        step("Quantize to int8 after training", "slim", "ptq", ARTEFACT, "-c", CONFIG)
        step("Prove the int8 graphs too", "verify", ARTEFACT, "-w", RUN)
    step("Measure every runtime", "bench", ARTEFACT, "--out", BENCH)
    print(f"\n== Answer from Python\n>>> import ppmobile\n>>> model = ppmobile.load({ARTEFACT!r})\n"
          f">>> model.predict({str(pictures[0])!r})", flush=True)
    with load(ARTEFACT) as model:
        print(f"{model.predict(pictures[0])}\n-- by {model.runtime}, the fastest of those that passed here")


def classifier():
    """From single digits to a small model that is measured on every runtime."""
    from .data import Digits

    step("Look for faults in the data", "check", "-c", CONFIG)
    step("Train", "train", "-c", CONFIG, "-o", f"output={RUN}", "--overwrite")
    step("Evaluate on the test split", "eval", "-w", RUN, "--split", "test")
    pictures = copy_pictures(Digits("test").paths[:COUNT], PICTURES)
    step("Answer for some pictures", "infer", "-w", RUN, PICTURES, "--out", ANSWERS)
    overview(pictures)
    deploy(pictures)


def detector():
    """From scenes of several digits to a detector that draws boxes from its exported files."""
    from .data import DigitScenes
    from .explain.samples import write_sheet
    from .files import read_image

    step("Now a detector: look for faults in pictures with boxes", "check", "-c", DETECTOR)
    step("Train", "train", "-c", DETECTOR, "-o", f"output={SCENES_RUN}", "--overwrite")
    step("Evaluate on the test split", "eval", "-w", SCENES_RUN, "--split", "test")
    export(SCENES_RUN, SCENES_ARTEFACT)
    pictures = copy_pictures(DigitScenes("test", count=SCENE_COUNT).paths[:COUNT], SCENES, lambda path: path.name)
    step("Draw what the exported files find", "infer", "-m", SCENES_ARTEFACT, SCENES, "--out", FOUND)
    write_sheet([(read_image(Path(FOUND) / path.name), path.name) for path in pictures], SCENES_SHEET)


def slim():
    """The detector with a third of its channels cut, taught by itself: smaller, faster, and measured."""
    step("Cut a third of its channels, let the uncut net teach it, and report", "slim", "run", "-c", SLIM, "-o",
         f"slim.start={SCENES_RUN}", f"output={SLIM_RUN}", "--overwrite")


def demo():
    """The steps from data to pictures, all in the folder demo/ of the project."""
    os.chdir(ROOT)  # so that the commands shown are short, and right for a reader in the project's folder
    classifier()
    detector()
    slim()
    print(f"\nPictures to look at, in {ROOT}:")
    for path, shows in WORTH_A_LOOK.items():
        if Path(path).is_file():  # without a mistake there is no worst.png
            print(f"  {path:<36}  {shows}")
