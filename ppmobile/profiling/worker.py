"""A process that runs one artefact on one runtime on demand, so that libraries and their threads meet nobody else.

It reads requests, one JSON a line, and answers each with one JSON line: {"run": n} with {"ms": [n times]},
{"pictures": [paths]} with {"names": [first answers]}; before the first it says {"reason": "" or why it cannot run}.
"""

import json
import os
import sys
import time

from ..artefact import read
from ..errors import PPMobileError
from ..predict.runtimes import open_runtime
from .pinning import pin
from .sample import image_for


def main(folder, name, threads):
    """Answer requests until the standard input ends; the exit status."""
    out = private_output()
    pin(int(threads))
    try:
        artefact = read(folder)
        runtime, image = open_runtime(name, artefact, int(threads)), image_for(artefact)
        runtime.run(image)
    except PPMobileError as error:
        say(out, {"reason": str(error)})
        return 0
    say(out, {"reason": ""})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "pictures" in request:
                say(out, {"names": answers(folder, name, int(threads), request["pictures"])})
            else:
                say(out, {"ms": times(runtime, image, request["run"])})
        except PPMobileError as error:
            say(out, {"reason": str(error)})
    return 0


def private_output():
    """The standard output as a file of our own; what else writes there, from C++, goes to the standard error now."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def say(out, answer):
    """Write one answer."""
    out.write(json.dumps(answer) + "\n")
    out.flush()


def times(runtime, image, count):
    """Milliseconds of each of `count` runs."""
    found = []
    for _ in range(count):
        start = time.perf_counter()
        runtime.run(image)
        found.append(1e3 * (time.perf_counter() - start))
    return found


def answers(folder, name, threads, pictures):
    """The class that the predictor gives each picture, None where it cannot read it."""
    from ..predict import load

    predictor = load(folder, runtime=name, threads=threads)
    return [None if result.error else result.name for result in predictor.stream(pictures)]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
