"""What `make demo` does: from embedded pictures to a small model that is verified and measured on every runtime."""

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
TARGETS = {"lite": "paddlelite", "onnx": "paddle2onnx", "openvino": "openvino"}  # and the package that each takes
COUNT = 12  # pictures to answer for
WORTH_A_LOOK = {
    f"{RUN}/curves.png": "how loss and accuracy went",
    f"{RUN}/eval_test/confusion.png": "which digits are taken for which",
    f"{RUN}/eval_test/worst.png": "the most confident mistakes",
    f"{BENCH}/bench.png": "time and size of each runtime",
    SHEET: f"{COUNT} answers on one sheet (each on its own: {ANSWERS}/)",
}


def step(title, *argv):
    """Show and run one command as a user would type it; stop the demo if it fails."""
    print(f"\n== {title}\n$ ppmobile {' '.join(argv)}", flush=True)
    start = time.perf_counter()
    status = main(list(argv))
    if status:
        sys.exit(status)
    print(f"-- {time.perf_counter() - start:.0f} s", flush=True)


def copy_pictures(paths, folder):
    """Copy pictures, each in the folder of its class, to `folder`/true_CLASS_NAME; the list of the copies."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    copies = [folder / f"true_{Path(path).parent.name}_{Path(path).name}" for path in paths]
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
    from .engine.infer import classify
    from .explain.gallery import gallery

    gallery([cell_of(path, *answers[0]) for path, _, answers in classify(RUN, pictures, 1)], SHEET, columns=4)


def deploy(pictures):
    """Export with proof, quantize, prove again, measure, and answer from Python; for what is installed."""
    targets = [target for target, package in TARGETS.items() if installed(package)]
    step("Export, and prove that each file computes what was trained", "export", "-w", RUN, "--out", ARTEFACT,
         "--overwrite", *(["--for", *targets] if targets else []))
    if installed("paddleslim"):
        step("Quantize to int8 after training", "slim", "ptq", ARTEFACT, "-c", CONFIG)
        step("Prove the int8 graphs too", "verify", ARTEFACT, "-w", RUN)
    step("Measure every runtime", "bench", ARTEFACT, "--out", BENCH)
    print(f"\n== Answer from Python\n>>> import ppmobile\n>>> model = ppmobile.load({ARTEFACT!r})\n"
          f">>> model.predict({str(pictures[0])!r})", flush=True)
    with load(ARTEFACT) as model:
        print(f"{model.predict(pictures[0])}\n-- by {model.runtime}, the fastest of those that passed here")


def demo():
    """The steps from data to pictures, all in the folder demo/ of the project."""
    from .data import Digits

    os.chdir(ROOT)  # so that the commands shown are short, and right for a reader in the project's folder
    step("Look for faults in the data", "check", "-c", CONFIG)
    step("Train", "train", "-c", CONFIG, "-o", f"output={RUN}", "--overwrite")
    step("Evaluate on the test split", "eval", "-w", RUN, "--split", "test")
    pictures = copy_pictures(Digits("test").paths[:COUNT], PICTURES)
    step("Answer for some pictures", "infer", "-w", RUN, PICTURES, "--out", ANSWERS)
    overview(pictures)
    deploy(pictures)
    print(f"\nPictures to look at, in {ROOT}:")
    for path, shows in WORTH_A_LOOK.items():
        if Path(path).is_file():  # without a mistake there is no worst.png
            print(f"  {path:<36}  {shows}")
