"""`ppmobile anchors` on a small data set: what it prints goes into a config; mistakes take one line."""

import numpy as np
import pytest
import yaml

from ppmobile import cli
from ppmobile.files import write_image, write_text

SIZES = [(8, 12), (30, 10), (20, 40)]  # width and height of the boxes, of 100 x 50 pixels


@pytest.fixture
def config(tmp_path):
    """A config whose training data are ten YOLO pictures with all SIZES in each; eval resizes to 200 x 100."""
    root = tmp_path / "图片 é"
    for number in range(10):
        write_image(root / "images" / f"{number}.png", np.zeros((50, 100, 3), np.uint8))
        lines = [f"0 0.5 0.5 {width / 100} {height / 50}" for width, height in SIZES]
        write_text(root / "labels" / f"{number}.txt", "\n".join(lines) + "\n")
    write_text(root / "classes.txt", "thing\n")
    tree = {"task": "detect",
            "model": {"backbone": {"name": "PPLCNet"},
                      "head": {"name": "YOLOv3Head", "anchors": [[1, 1], [2, 2], [30, 30]]}},
            "data": {"train": {"name": "YoloDetection", "root": str(root), "file": "images"}},
            "transforms": {"eval": [{"name": "Resize", "size": [100, 200]}, {"name": "Normalize"},
                                    {"name": "ToCHW"}]}}  # fmt: skip
    path = tmp_path / "config.yml"
    write_text(path, yaml.safe_dump(tree, allow_unicode=True))
    return str(path)


def test_it_prints_a_line_for_the_config(config, capsys):
    assert cli.main(["anchors", "-c", config, "--count", "3"]) == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "30 boxes in 10 pictures, sizes in pixels of the net's input"
    # doubled by Resize: 16 x 24, 60 x 20, 40 x 80; IoU of the config's [30, 30] with them by hand: 384 / 900,
    # 600 / 1500, 900 / 3200, each better than that of the small ones
    own = (384 / 900 + 600 / 1500 + 900 / 3200) / 3
    assert second == f"mean IoU of a box and its best anchor: 1.000; with the config's anchors {own:.3f}"
    assert yaml.safe_load(third) == {"model.head.anchors": [[16.0, 24.0], [60.0, 20.0], [40.0, 80.0]]}
    assert cli.main(["anchors", "-c", config, "--count", "3", "--seed", "5"]) == 0
    assert capsys.readouterr().out.splitlines()[2] == third


@pytest.mark.parametrize("more, words", [
    (["--count", "4"], "30 boxes of 3 different sizes are too few for 4 anchors"),
    (["--count", "0"], "expected a whole number from 1 up"),
    (["--seed", "x"], "expected a whole number from 0 up"),
])
def test_mistakes_take_one_line(config, capsys, more, words):
    try:
        status = cli.main(["anchors", "-c", config, *more])
    except SystemExit as left:
        status = left.code
    error = capsys.readouterr().err
    assert status == 2 and words in error and error.count("\n") == 1
