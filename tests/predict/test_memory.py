"""Memory does not grow over many predictions of pictures of changing sizes (oneDNN keeps primitives for each shape)."""

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import re, sys
import numpy as np
import ppmobile
from ppmobile.files import write_image

def resident():
    with open("/proc/self/status", encoding="utf-8") as file:
        return int(re.search(r"VmRSS:\\s+(\\d+)", file.read())[1])

folder, runtime, place = sys.argv[1:]
rng, sizes = np.random.default_rng(0), [(48, 64), (200, 30), (7, 7), (320, 240), (16, 100)]
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


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="resident memory is read from /proc")
@pytest.mark.parametrize("name", ["paddle-fp32", "onnx-fp32"])
def test_memory_stays(shipped, name, environment, tmp_path):
    command = [sys.executable, "-c", CODE, str(shipped), name, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert after < 1.05 * before
