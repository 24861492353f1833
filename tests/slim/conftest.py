"""One calibration by PaddleSlim, which takes seconds, for all tests of post-training quantization."""

import pytest


@pytest.fixture(scope="session")
def gathered(exported, pictures):
    """(Pictures to calibrate on, Pictures to measure with) of the tiny data set."""
    from ppmobile.artefact import read
    from ppmobile.slim.pictures import gather

    return gather(read(exported), 12, pictures=pictures / "train_list.txt")


@pytest.fixture(scope="session")
def calibrated(exported, gathered, tmp_path_factory):
    """{algorithm: folder of the quantized graph} of the tiny artefact. Read only."""
    pytest.importorskip("paddleslim")
    from ppmobile.slim.calibrate import calibrate

    return calibrate(exported, gathered[0].images, ("abs_max", "hist999"), tmp_path_factory.mktemp("calibrated"))


@pytest.fixture
def quick(calibrated, monkeypatch):
    """Quantization takes the calibration that is there; gives the arguments of each call."""
    from ppmobile.slim import ptq
    from ppmobile.slim.judge import BoxJudge, ClassJudge

    calls = []

    def stand_in(graph_folder, images, names, out):
        calls.append((graph_folder, len(images), tuple(names)))
        return calibrated

    monkeypatch.setattr(ptq, "calibrate", stand_in)
    for judge in (ClassJudge, BoxJudge):
        monkeypatch.setattr(judge, "pictures", 1)  # to rank the layers on
    return calls


@pytest.fixture
def material(copied, calibrated, gathered, tmp_path):
    """What a Target is made of: a copy of the tiny artefact, and its calibration."""
    from ppmobile.artefact import read
    from ppmobile.slim.targets import Material

    return Material(read(copied), calibrated["abs_max"], gathered[0].images, tmp_path)


@pytest.fixture
def share_input():
    """A function that makes a layer of a quantized Graph read the quantized input of another; gives all outputs."""
    def rewire(graph, source, layer):
        from ppmobile.export.program import layer_path
        from ppmobile.slim.quantizers import INPUTS

        ops = {layer_path(op): op for op in graph.ops if op.type in INPUTS}
        names = [ops[path].input(INPUTS[ops[path].type])[0] for path in (source, layer)]
        ops[layer].desc._rename_input(names[1], names[0])
        return [*ops[source].output_arg_names, *graph.outputs]

    return rewire
