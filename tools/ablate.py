"""Compare variants of one training: tools/ablate.py STUDY.yml --runs FOLDER --page PAGE.md [-o A.B=C ...]."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ppmobile.explain.ablation import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
