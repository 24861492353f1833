"""Whether OpenVINO reads a graph is found out at the export, with the layer and the operator that it refuses."""

import sys

import pytest

from ppmobile.errors import ExportError
from ppmobile.export.openvino import try_reading


def test_a_graph_that_it_reads(plant):
    pytest.importorskip("openvino")
    try_reading(plant("relu"))


def test_the_layer_and_the_operator_are_named(plant):
    pytest.importorskip("openvino")
    with pytest.raises(ExportError) as error:
        try_reading(plant("shuffle"))
    assert str(error.value).startswith("OpenVINO cannot read backbone.mixer (channel_shuffle): ")
    assert "\n" not in str(error.value) and str(error.value).endswith("write it with reshape, transpose, reshape")


def test_without_openvino(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(ExportError, match=r"openvino is not installed: pip install ppmobile\[openvino\]"):
        try_reading(tmp_path)
