"""What many tests share: a cache folder of their own, a few tiny pictures, and a config that trains on them."""

import os
import shutil

import numpy as np
import pytest

# the oracles were recorded with the products that MKL chooses by itself; in others the last digits differ (mkl.py)
os.environ.setdefault("MKL_DEBUG_CPU_TYPE", "0")

COLORS = {"红 red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """Generated and downloaded files go to a folder of this test run, never to the user's cache."""
    folder = tmp_path_factory.mktemp("ppmobile_home")
    os.environ["PPMOBILE_HOME"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Folder of 36 noisy 20x24 pictures in three colours, with train (24), val (6) and test (6) lists."""
    from ppmobile.files import write_image, write_text

    root = tmp_path_factory.mktemp("图片 é")
    rng = np.random.default_rng(7)
    lines = {"train": [], "val": [], "test": []}
    for label, color in enumerate(COLORS.values()):
        for number in range(12):
            image = np.clip(rng.normal(color, 50, (20, 24, 3)), 0, 255).astype(np.uint8)
            name = f"c{label}/图 {number}.png"
            write_image(root / name, image)
            lines["train" if number < 8 else "val" if number < 10 else "test"].append(f"{name} {label}")
    for split, entries in lines.items():
        write_text(root / f"{split}_list.txt", "\n".join(entries) + "\n")
    write_text(root / "labels.txt", "\n".join(COLORS) + "\n")
    return root


@pytest.fixture
def tiny(pictures, tmp_path):
    """A config, as a dict, that trains a tiny net on `pictures` in well under a second an epoch."""
    return {**_tree(pictures), "output": str(tmp_path / "run")}


def _tree(pictures):
    """The config of `tiny`, without its output."""
    root = str(pictures)
    splits = {s: {"name": "ImageList", "root": root, "file": f"{s}_list.txt"} for s in ("train", "val", "test")}
    end = [{"name": "Normalize"}, {"name": "ToCHW"}]
    return {
        "task": "classify",
        "model": {"backbone": {"name": "MobileNetV1", "scale": 0.25, "out_strides": [2, 4]}},
        "data": splits,
        "transforms": {
            "train": [{"name": "RandomResizedCrop", "size": 16}, {"name": "Flip"}, *end],
            "eval": [{"name": "Resize", "size": 16}, *end],
        },
        "train": {"epochs": 2, "batch_size": 8, "lr": 0.05, "lr_per_images": 8, "visualdl": False},
    }


@pytest.fixture
def data(pictures, tiny, tmp_path):
    """A copy of the pictures that a test may damage; `tiny` points to it."""
    root = tmp_path / "data"
    shutil.copytree(pictures, root)
    for split in ("train", "val", "test"):
        tiny["data"][split]["root"] = str(root)
    return root


@pytest.fixture(scope="session")
def trained(pictures, tmp_path_factory):
    """The folder of a tiny run, trained for one epoch on `pictures` at 16 px. Read only."""
    from ppmobile.config import from_tree
    from ppmobile.engine.run import train

    run = tmp_path_factory.mktemp("trained") / "run"
    train(from_tree({**_tree(pictures), "output": str(run)}, {}, "tiny"))
    return run


@pytest.fixture(scope="session")
def exported(trained, tmp_path_factory):
    """The folder of the artefact of `trained`, for Paddle alone. Read only; `copied` may be damaged."""
    from ppmobile.export.write import export

    folder = tmp_path_factory.mktemp("exported") / "模型 é"
    export(trained, folder, say=lambda line: None)
    return folder


@pytest.fixture
def copied(exported, tmp_path):
    """A copy of `exported` that a test may change."""
    return shutil.copytree(exported, tmp_path / "copied")


@pytest.fixture
def made(tmp_path, capsys):
    """A function (reader) that gives a box_sets.BoxSet with `run(command, *argv)` -> (status, stdout, stderr)."""
    def make(reader="CocoDetection"):
        from box_sets import BoxSet

        from ppmobile.cli import main

        one = BoxSet(tmp_path, reader)

        def run(command="train", *argv):
            status = main([command, "-c", one.config_file(), *map(str, argv)])
            return (status, *capsys.readouterr())

        one.run = run
        return one
    return make
