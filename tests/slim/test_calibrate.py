"""PaddleSlim in its own process: what comes back, and what its failures leave behind."""

import numpy as np
import paddle
import pytest

from ppmobile.errors import ExportError
from ppmobile.export.program import load_graph
from ppmobile.slim import calibrate as calibration
from ppmobile.slim.quantizers import layers, scales


def test_each_algorithm_gives_a_graph_with_a_range_for_each_layer(exported, calibrated):
    names = set(layers(load_graph(exported)))
    ranges = {algorithm: scales(load_graph(folder)) for algorithm, folder in calibrated.items()}
    assert set(ranges) == {"abs_max", "hist999"} and all(set(found) == names for found in ranges.values())
    # the value that 1 in 1,000 exceeds is no greater than the greatest
    assert all(ranges["hist999"][name] <= ranges["abs_max"][name] * 1.001 for name in names)


def test_paddle_is_in_dynamic_mode_afterwards(calibrated):
    assert paddle.in_dynamic_mode()


def test_a_graph_that_paddleslim_cannot_read_is_one_line(tmp_path):
    pytest.importorskip("paddleslim")
    (tmp_path / "inference.pdmodel").write_bytes(b"no graph")
    (tmp_path / "inference.pdiparams").write_bytes(b"")
    with pytest.raises(ExportError, match="PaddleSlim cannot quantize the graph") as caught:
        calibration.calibrate(tmp_path, np.zeros((2, 3, 8, 8), np.float32), ("avg",), tmp_path / "out")
    assert "\n" not in str(caught.value) and paddle.in_dynamic_mode()
    assert not list((tmp_path / "out").glob("*.f32"))


def test_without_paddleslim_it_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(calibration.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExportError, match=r"paddleslim is not installed: pip install ppmobile\[slim\]"):
        calibration.calibrate(tmp_path, np.zeros((1, 3, 8, 8), np.float32), ("avg",), tmp_path)


def test_auto_stands_for_several_and_a_name_for_itself():
    several = calibration.algorithms("auto")
    assert set(several) <= set(calibration.ALGORITHMS) and len(several) > 1
    assert calibration.algorithms("mse") == ("mse",)
