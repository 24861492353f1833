"""`make demo`: train a small model on the embedded digits, evaluate it, answer for pictures; all in demo/."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ppmobile.cli import guarded  # noqa: E402
from ppmobile.demo import demo  # noqa: E402

if __name__ == "__main__":
    sys.exit(guarded(demo))
