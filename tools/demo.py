"""`make demo`: train a small model on the embedded digits, evaluate it, answer for pictures; all in demo/."""

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ppmobile.cli import main  # noqa: E402

RUN, PICTURES = "demo/digits", "demo/answers"


def step(title, *argv):
    """Show and run one command as a user would type it; stop the demo if it fails."""
    print(f"\n== {title}\n$ ppmobile {' '.join(argv)}", flush=True)
    start = time.perf_counter()
    status = main(list(argv))
    if status:
        sys.exit(status)
    print(f"-- {time.perf_counter() - start:.0f} s", flush=True)


def demo():
    """The steps from data to pictures."""
    from ppmobile.data import Digits

    config = str(ROOT / "configs/classify/digits.yml")
    step("Look for faults in the data", "check", "-c", config)
    step("Train", "train", "-c", config, "-o", f"output={RUN}", "--overwrite")
    step("Evaluate on the test split", "eval", "-w", RUN, "--split", "test")
    pictures = Digits("test").paths[:12]
    step("Answer for some pictures", "infer", "-w", RUN, *pictures, "--out", PICTURES)
    print(f"\nLook at {RUN}/curves.png, {RUN}/eval_test/confusion.png, {RUN}/eval_test/worst.png and {PICTURES}/")


if __name__ == "__main__":
    demo()
