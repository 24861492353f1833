"""`python -m ppmobile NAME`: the same as the command `ppmobile NAME`."""

import sys

from .cli import main

sys.exit(main())
