"""Writes docs/results/parity.md: tools/parity.py [CONFIG ...]; of detectors with --detect, or --trained ARTEFACT ..."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ppmobile.export.parity import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(ROOT))
