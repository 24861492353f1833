"""Memory does not grow over many predictions, neither of pictures that are resized to one size nor of many sizes, for
each of which oneDNN makes primitives anew."""

import subprocess
import sys
from pathlib import Path

import pytest

from ppmobile.predict.runtimes.paddle_cpu import SHAPES_KEPT

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="resident memory is read from /proc")
KEEP_ALL = 0  # what oneDNN's cache takes for no limit
RESIDENT = """
import re, sys
import numpy as np
import ppmobile
from ppmobile.files import write_image

def resident():
    with open("/proc/self/status", encoding="utf-8") as file:
        return int(re.search(r"VmRSS:\\s+(\\d+)", file.read())[1])

folder, runtime, place = sys.argv[1:]
rng = np.random.default_rng(0)
"""
RESIZED = RESIDENT + """
sizes = [(48, 64), (200, 30), (7, 7), (320, 240), (16, 100)]
paths = [f"{place}/{number}.jpg" for number in range(len(sizes))]
for path, size in zip(paths, sizes):
    write_image(path, rng.integers(0, 255, (*size, 3), dtype=np.uint8))
model = ppmobile.load(folder, runtime)
for number in range(400):
    model.predict(paths[number % 5])
    if number == 99:
        before = resident()
print(before, resident())
"""
# the largest come first, so that later ones fit into the buffers; place is the number of shapes to keep
ANY_SIZE = RESIDENT + """
from ppmobile.predict.runtimes import paddle_cpu

paddle_cpu.SHAPES_KEPT = int(place)
model = ppmobile.load(folder, runtime)
sizes = [(64 - number // 20, 64 - number % 20) for number in range(800)]
for number, size in enumerate(sizes):
    model.predict(rng.integers(0, 255, (*size, 3), dtype=np.uint8))
    if number == 399:
        before = resident()
print(before, resident())
"""


def growth(code, environment, *arguments):
    """Resident memory at the end of a process over that in its midst."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    return after / before


@pytest.fixture(scope="module")
def any_size(trained, tmp_path_factory):
    """The folder of an artefact that takes pictures of any size as they are."""
    from ppmobile.config import from_tree
    from ppmobile.engine import checkpoint
    from ppmobile.export.write import export

    tree = checkpoint.load(trained).meta["config"]
    tree["transforms"]["eval"] = [{"name": "Normalize"}, {"name": "ToCHW"}]
    folder = tmp_path_factory.mktemp("any_size") / "artefact"
    export(trained, folder, from_tree(tree, {}, "any size"), dynamic=("size",), say=lambda line: None)
    return folder


@pytest.mark.parametrize("name", ["paddle-fp32", "onnx-fp32"])
def test_memory_stays(shipped, name, environment, tmp_path):
    assert growth(RESIZED, environment, shipped, name, tmp_path) < 1.05


def test_memory_stays_over_more_sizes_than_onednn_keeps(any_size, environment):
    """Measured: 1.01; 1.22 where all of them are kept, which shows that the limit is set, and that this can fail."""
    assert growth(ANY_SIZE, environment, any_size, "paddle-fp32", SHAPES_KEPT) < 1.05
    assert growth(ANY_SIZE, environment, any_size, "paddle-fp32", KEEP_ALL) > 1.1
