"""Artefacts that the tests of prediction share: with ONNX, and with a batch of any size."""

import os

import numpy as np
import pytest


@pytest.fixture(scope="session")
def shipped(trained, tmp_path_factory):
    """The folder of an artefact of `trained` for Paddle and ONNX, whose batch may vary. Read only."""
    pytest.importorskip("paddle2onnx")
    pytest.importorskip("onnxruntime")
    from ppmobile.export.write import export

    folder = tmp_path_factory.mktemp("shipped") / "模型 é"
    export(trained, folder, targets=("paddle", "onnx"), dynamic=("batch",), say=lambda line: None)
    return folder


@pytest.fixture(scope="session")
def files(pictures):
    """The picture files of the test split."""
    lines = (pictures / "test_list.txt").read_text(encoding="utf-8").splitlines()
    return [str(pictures / line.rpartition(" ")[0]) for line in lines]


@pytest.fixture(scope="session")
def right(trained, files):
    """(n, 3) probabilities of `files` by the training graph, the numbers that every runtime must give."""
    from ppmobile.engine.infer import Trained

    return np.stack([result.probabilities for result in Trained(trained).stream(files)])


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """A cache folder that no other test has filled; gives its Path."""
    monkeypatch.setenv("PPMOBILE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(scope="session")
def environment():
    """The folder that holds the package, for PYTHONPATH of a process; gives an environment."""
    from pathlib import Path

    import ppmobile

    return {**os.environ, "PYTHONPATH": str(Path(ppmobile.__file__).parents[1])}
