"""Graphs become .nb files, or an error names the layer; Opt's aborts end nobody but Opt."""

import numpy as np
import pytest

from ppmobile.errors import ExportError
from ppmobile.export.lite import convert
from ppmobile.export.program import load_graph, run_graph
from ppmobile.lite_python import interpreter
from ppmobile.predict.runtimes.lite import LiteProcess

IMAGE = np.random.default_rng(5).normal(size=(1, 3, 16, 16)).astype(np.float32)


@pytest.fixture(scope="module", autouse=True)
def paddlelite():
    """All of this needs a Python with paddlelite."""
    try:
        interpreter()
    except ExportError as error:
        pytest.skip(str(error))


def answer(file):
    process = LiteProcess(file)
    try:
        return process.run(IMAGE)
    finally:
        process.close()


def test_both_targets_and_the_x86_file_gives_what_the_graph_gives(plant, tmp_path):
    folder = plant("relu")
    for target in ("arm", "x86"):
        convert(folder, tmp_path / "输出 é" / f"model_{target}.nb", target)
    assert sorted(p.name for p in (tmp_path / "输出 é").iterdir()) == ["model_arm.nb", "model_x86.nb"]
    graph = load_graph(folder)
    expected = run_graph(graph, IMAGE)[graph.outputs[0]]
    found, = answer(tmp_path / "输出 é" / "model_x86.nb")
    assert np.ptp(expected) > 1e-3 and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5)


# what Opt 2.13rc0 ends with, and where: it refuses, aborts, and crashes
@pytest.mark.parametrize("operator, place, reason", [
    ("shuffle", "backbone.mixer (channel_shuffle)", "ops are: 'channel_shuffle'"),
    ("relu6", "backbone.mixer (relu6)", "No attributes called threshold"),
    ("flatten", "backbone.mixer (flatten_contiguous_range)", "it was ended by SIGSEGV"),
])
def test_the_layer_and_the_operator_are_named_and_nothing_is_left(plant, tmp_path, operator, place, reason):
    out = tmp_path / "out"
    with pytest.raises(ExportError) as error:
        convert(plant(operator), out / "model_arm.nb", "arm")
    message = str(error.value)
    assert message.startswith(f"model_arm.nb: Paddle Lite cannot convert {place}: ") and reason in message
    assert "; write it with " in message and "\n" not in message
    assert list(out.iterdir()) == []


def test_no_graph_and_no_such_target(tmp_path):
    with pytest.raises(ExportError, match="cannot be read as a Paddle graph"):
        convert(tmp_path, tmp_path / "model.nb", "arm")
    with pytest.raises(ExportError, match="'riscv': known are arm, x86"):
        convert(tmp_path, tmp_path / "model.nb", "riscv")
