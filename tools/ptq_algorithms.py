"""Measure what int8 costs and gains: tools/ptq_algorithms.py ARTEFACT CONFIG ... --page docs/results/ptq.md."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ppmobile.slim.study import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
