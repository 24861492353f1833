"""Write the tables of finished runs into a page under docs/results: tools/record.py [--slim] PAGE.md RUN [RUN ...]."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ppmobile.cli import fail  # noqa: E402
from ppmobile.errors import PPMobileError  # noqa: E402


def main():
    """Parse the arguments and write the page."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("page", help="the Markdown file")
    arguments.add_argument("runs", nargs="+", help="output folders of finished trainings")
    arguments.add_argument("--slim", action="store_true", help="they are folders of finished slim runs")
    options = arguments.parse_args()

    from ppmobile.explain.record import record, record_slim

    try:
        (record_slim if options.slim else record)(options.page, options.runs)
    except PPMobileError as error:
        return fail(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
