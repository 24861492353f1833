"""The process in which profiling/onednn.py has a graph run: oneDNN reports on its standard output, marks in between."""

import sys

from ..artefact import read
from ..cli import fail
from ..errors import PPMobileError
from ..predict.runtimes import open_runtime
from .onednn import MARK
from .pinning import pin
from .sample import image_for


def main(folder, runtime, threads, runs):
    """Run the graph so many times; the exit status, 2 with one line on stderr if it cannot run."""
    pin(int(threads))
    try:
        artefact = read(folder)
        opened = open_runtime(runtime, artefact, int(threads))
        image = image_for(artefact)
    except PPMobileError as error:
        return fail(f"{type(error).__name__}: {error}")
    for number in range(int(runs)):
        print(f"{MARK} {number}", flush=True)
        opened.run(image)
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
