"""Paddle Lite in its own process: the answers, what is left when it ends, and errors instead of an abort."""

import numpy as np
import pytest

from ppmobile.artefact import Artefact
from ppmobile.errors import ExportError
from ppmobile.export.lite import convert
from ppmobile.export.program import load_graph, run_graph
from ppmobile.lite_python import interpreter
from ppmobile.predict.runtimes import open_runtime
from ppmobile.predict.runtimes.lite import LiteProcess


@pytest.fixture(scope="module")
def made(exported, tmp_path_factory):
    """(artefact with model_x86.nb, its graph, a picture)."""
    try:
        interpreter()
    except ExportError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("lite 图")
    convert(exported, folder / "model_x86.nb", "x86")
    image = np.random.default_rng(1).normal(size=(1, 3, 16, 16)).astype(np.float32)
    return Artefact(folder, {}, {"model_x86.nb": ""}), load_graph(exported), image


def test_it_answers_like_the_graph_and_hands_out_copies(made):
    artefact, graph, image = made
    runtime = open_runtime("lite-fp32", artefact, threads=2)
    first, = runtime.run(image)
    expected = run_graph(graph, image)[graph.outputs[0]]
    np.testing.assert_allclose(first, expected, rtol=1e-4)
    kept = first.copy()
    second, = runtime.run(image[..., ::-1] * 3)  # not in C order
    assert np.abs(second - kept).max() > 1e-4 and np.array_equal(first, kept)
    first += 1  # belongs to the caller
    np.testing.assert_array_equal(runtime.run(image)[0], kept)
    runtime.close()
    runtime.close()
    with pytest.raises(ExportError, match="closed|ended"):
        runtime.run(image)


def test_a_process_that_was_killed_is_an_error_and_not_a_hang(made):
    artefact, _, image = made
    process = LiteProcess(artefact.path("model_x86.nb"))
    process._process.kill()
    with pytest.raises(ExportError, match=r"model_x86.nb: Paddle Lite cannot run it \(it was ended by SIGKILL\); "):
        process.run(image)
    with pytest.raises(ExportError, match="has ended; open the runtime again"):
        process.run(image)
    assert process._process.returncode is not None


@pytest.mark.parametrize("content", [b"", b"no model " * 100, None])
def test_a_file_that_is_none_of_lites(made, tmp_path, content):
    file = tmp_path / "模型.nb"
    file.write_bytes(made[0].path("model_x86.nb").read_bytes()[:5000] if content is None else content)
    with pytest.raises(ExportError) as error:
        LiteProcess(file)
    assert "Paddle Lite cannot load it (" in str(error.value) and "\n" not in str(error.value)


def test_the_process_goes_when_nobody_holds_it(made):
    process = LiteProcess(made[0].path("model_x86.nb"))
    inner = process._process
    del process
    assert inner.returncode is not None
