"""For developers: our training speed beside PaddleDetection's; writes the tables of docs/results/detection_speed.md.

    tools/against_paddledetection.py --ppdet FOLDER --python PYTHON [--steps 3] [--rounds 3]

FOLDER: a checkout of github.com/PaddlePaddle/PaddleDetection. PYTHON: one with paddlepaddle 3.1.1 and what its
requirements.txt lists.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ppmobile.errors import PPMobileError  # noqa: E402
from ppmobile.files import write_text  # noqa: E402
from ppmobile.profiling.against import compare, insert, page  # noqa: E402

PAGE = ROOT / "docs" / "results" / "detection_speed.md"


def main():
    """Measure, print, and put the tables into PAGE; returns the exit status."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--ppdet", required=True, metavar="FOLDER", help="a checkout of PaddleDetection")
    arguments.add_argument("--python", default=sys.executable, help="the Python that PaddleDetection runs with")
    arguments.add_argument("--steps", type=int, default=3, help="measured steps a round, default 3")
    arguments.add_argument("--rounds", type=int, default=3, help="rounds in turns, default 3")
    options = arguments.parse_args()
    try:
        tables = page(*compare(options.ppdet, options.python, ROOT, options.steps, options.rounds))
    except PPMobileError as error:
        print(f"ppmobile: {error}", file=sys.stderr)
        return 2
    print(tables)
    write_text(PAGE, insert(PAGE.read_text(encoding="utf-8") if PAGE.is_file() else "", tables))
    return 0


if __name__ == "__main__":
    sys.exit(main())
