"""Profiles of a tiny artefact and of a config: all layers found, MACs as counted on the net."""

import pytest

from ppmobile.artefact import read
from ppmobile.config import load
from ppmobile.engine.run import restore
from ppmobile.errors import ConfigError, ExportError
from ppmobile.profiling import net
from ppmobile.profiling.layers import Layer, Profile
from ppmobile.profiling.macs import count
from ppmobile.profiling.net import input_size, judged_layers, profile_artefact, short_export, untrained


def test_an_artefact_with_its_net(exported, trained):
    model = restore(trained)[0]
    found = profile_artefact(read(exported), runs=5, model=model)
    assert found.missing == [] and found.ordered and found.layers_ms > 0
    assert found.macs == count(model, (1, 3, 16, 16)).macs
    convolutions = [layer for layer in found.layers if layer.macs]
    assert all(layer.ms is not None and layer.eager_ms > 0 and layer.type == "f32" for layer in convolutions)
    assert found.total_ms >= found.layers_ms


def test_a_config_without_training(tiny):
    config = load(tiny)
    model, classes = untrained(config)
    assert len(classes) == 3 and input_size(config) == [16, 16]
    with short_export(model, config, classes) as artefact:
        assert artefact.shape == [1, 3, 16, 16] and artefact.classes == classes
        assert read(artefact.folder).problems == []  # the processes that time it read it anew
    assert not artefact.folder.exists()


def test_a_config_without_data_or_size(tiny):
    tiny.pop("data")
    tiny["transforms"]["eval"].pop(0)
    config = load(tiny)
    assert len(untrained(config)[1]) == 1000
    with pytest.raises(ConfigError, match="transforms.eval: no step has a size"):
        input_size(config)


def test_other_runtimes_have_no_layers(exported):
    with pytest.raises(ExportError, match="openvino-fp32 does not tell the time of its layers"):
        profile_artefact(read(exported), "openvino-fp32")
    with pytest.raises(ExportError, match="no int8/inference.pdmodel"):
        profile_artefact(read(exported), "paddle-int8")


def test_what_the_judgement_needs(exported, monkeypatch):
    def profiled(artefact, runtime, threads, runs):
        if runtime == "paddle-int8":
            return Profile([Layer("a", "1x1", "pointwise", 9, 9, 1.0, None, "f32")], runtime)
        return Profile([Layer("a", "depthwise 3x3", "depthwise", 9, 9, 3.0)], runtime, {"Paddle itself": 1.0}, 1)

    monkeypatch.setattr(net, "profile_artefact", profiled)
    rows = [{"folder": str(exported), "runtime": "paddle-fp32", "reason": ""},
            {"folder": str(exported), "runtime": "paddle-int8", "reason": ""}]
    told = judged_layers([read(exported)], rows)[str(exported)]
    assert told == {"depthwise": 1.0, "between": 0.25, "float_layers": (1, 1)}
    rows[0]["reason"] = rows[1]["reason"] = "absent"
    assert judged_layers([read(exported)], rows) == {str(exported): {}}
