"""The steps QAT and PTQ: from a trained run to int8 files, over fresh nets, resumes and cuts."""

import numpy as np
import paddle
import pytest
from in_process import measure_here

from ppmobile.artefact import golden, read
from ppmobile.config import from_tree
from ppmobile.engine.run import restore, train
from ppmobile.errors import ConfigError
from ppmobile.export.program import load_graph
from ppmobile.export.verify import verify
from ppmobile.export.write import export
from ppmobile.models.structure import note_widths, set_widths, widths_of
from ppmobile.slim import pipeline
from ppmobile.slim.pipeline import write_net
from ppmobile.slim.qat.layers import int8_layers, ranges
from ppmobile.slim.quantizers import scales
from ppmobile.slim.steps import STEPS, Context


def silent(line):
    """Print nothing."""


def config_of(tiny, start, out, epochs=1, **options):
    """The Config of a training with QAT that begins with the run `start`."""
    tree = {**tiny, "output": str(out), "slim": {"start": str(start), "steps": [{"name": "QAT", **options}]}}
    return from_tree({**tree, "train": {**tiny["train"], "epochs": epochs, "lr": 0.01}}, {}, "tiny")


def answers(model):
    """(4, 3) logits for noise."""
    image = np.random.default_rng(0).normal(size=(4, 3, 16, 16)).astype(np.float32)
    with paddle.no_grad():
        return model(paddle.to_tensor(image)).numpy()


@pytest.fixture
def learnt(tiny, trained, tmp_path):
    """The folder of a QAT of `trained`, of one epoch."""
    train(config_of(tiny, trained, tmp_path / "qat"))
    return tmp_path / "qat"


def test_qat_export_and_verify(learnt, tmp_path):
    model, config, _, _ = restore(learnt)
    artefact = export(learnt, tmp_path / "模型 é", say=silent)
    about = read(artefact.folder).deploy["quantization"]
    assert about["algo"] == "qat" and about["calibration"] is None and set(about["targets"]) == {"paddle"}
    assert about["targets"]["paddle"]["simulated"] == 1.0 and golden(artefact.folder)["deploy"]["quantization"] == about
    assert scales(load_graph(artefact.folder / "int8")) == pytest.approx(ranges(model), rel=1e-6)
    assert set(about["ranges"]) == set(int8_layers(model))
    report = verify(artefact.folder, model, config, runtimes=["paddle-fp32", "paddle-int8"], count=4)
    assert report.passed and report.tested == ["paddle-fp32", "paddle-int8"], report.table()


def test_a_net_restored_twice_gives_equal_bits_and_its_ranges_are_known(learnt):
    first, second = restore(learnt)[0], restore(learnt)[0]
    assert (answers(first) == answers(second)).all()
    assert len(ranges(first)) == len(int8_layers(first)) > 3


def test_a_whole_slim_run_with_learnt_ranges_in_one_process(tiny, trained, monkeypatch):
    measure_here(monkeypatch)
    config = config_of(tiny, trained, tiny["output"], pact=True)
    config.slim.runs, config.slim.runtimes = 10, ["paddle-int8"]
    pipeline.run(config)  # the net is built three times: trained, measured, exported
    assert not restore(f"{config.output}/01_qat")[0].head.fc.input_range.stop_gradient


def test_a_resumed_qat_is_the_uninterrupted_one(tiny, trained, tmp_path):
    options = {"freeze_bn_after": 1}
    train(config_of(tiny, trained, tmp_path / "whole", 2, **options))
    halved = config_of(tiny, trained, tmp_path / "parts", 2, **options)
    halved.train.save_every = 1
    train(halved)
    again = config_of(tiny, trained, tmp_path / "again", 2, **options)
    train(again, resume_from=tmp_path / "parts" / "epoch_001.safetensors")
    whole, resumed = (restore(tmp_path / name / "last.safetensors")[0].state_dict() for name in ("whole", "again"))
    assert all((whole[key].numpy() == resumed[key].numpy()).all() for key in whole)


def test_batch_norm_stays_once_it_is_frozen(tiny, trained, tmp_path):
    config = config_of(tiny, trained, tmp_path / "qat", 2, freeze_bn_after=1)
    config.train.save_every = 1
    train(config)
    after = [restore(tmp_path / "qat" / name)[0].backbone.stem.bn._mean.numpy()
             for name in ("epoch_001.safetensors", "last.safetensors")]
    assert (after[0] == after[1]).all()


def test_a_cut_net_is_trained_in_int8_at_its_widths(tiny, trained, tmp_path):
    model, config, classes, saved = restore(trained)
    before = widths_of(model)
    set_widths(model, {"backbone.blocks.0.pointwise.conv": [8, 8], "backbone.blocks.0.pointwise.bn": [8, 8],
                       "backbone.blocks.1.depthwise.conv": [8, 8], "backbone.blocks.1.depthwise.bn": [8, 8],
                       "backbone.blocks.1.pointwise.conv": [8, before["backbone.blocks.1.pointwise.conv"][1]]}, "x")
    note_widths(model, before)
    write_net(tmp_path / "cut", model, config, classes, saved.meta["order"])
    train(config_of(tiny, tmp_path / "cut", tmp_path / "qat", pact=True))
    again, _, _, saved = restore(tmp_path / "qat")
    assert set(saved.structure) == {"widths", "qat"} and widths_of(again) == widths_of(model)
    assert not again.head.fc.input_range.stop_gradient
    assert (answers(again) == answers(restore(tmp_path / "qat")[0])).all()


def test_layers_kept_in_float_are_so_in_the_int8_graph(tiny, trained, tmp_path):
    train(config_of(tiny, trained, tmp_path / "qat", keep_float=["first", "head"]))
    artefact = export(tmp_path / "qat", tmp_path / "artefact", say=silent)
    left = artefact.deploy["quantization"]["targets"]["paddle"]["keep_float"]
    assert left == ["backbone.stem.conv", "head.fc"]
    assert not set(left) & set(scales(load_graph(artefact.folder / "int8")))


@pytest.mark.parametrize("options, said", [
    ({"keep_float": ["backbone.stemm"]}, "keep_float backbone.stemm: no layer.*Did you mean"),
    ({"moving_rate": 1.0}, "moving_rate 1.0 must be at least 0 and below 1"),
    ({"moving_rate": 0.5, "pact": True}, "moving_rate is how ranges follow the inputs, and with pact they are learnt"),
    ({"freeze_bn_after": -1}, "freeze_bn_after -1 must be 0"),
    ({"keep_float": [3]}, "keep_float .3. must be a list of layer paths")])
def test_what_qat_refuses(tiny, trained, tmp_path, options, said):
    with pytest.raises(ConfigError, match=said):
        train(config_of(tiny, trained, tmp_path / "qat", **options))
    assert paddle.in_dynamic_mode() and not (tmp_path / "qat").exists()


def test_a_net_in_int8_is_not_put_into_int8_again(tiny, learnt, tmp_path):
    for name in ("QAT", "PTQ"):
        model, config, classes, _ = restore(learnt)
        with pytest.raises(ConfigError, match=f"^{name}: the net .* simulated int8"):
            STEPS.build({"name": name}).apply(model, Context(config, classes, tmp_path, silent))


@pytest.mark.parametrize("options, said", [
    ({"algo": "avgg"}, "algo 'avgg' is not one of"), ({"max_drop": 1.5}, "max_drop 1.5 is a share"),
    ({"count": 0}, "count 0 must be"), ({"targets": ["phone"]}, "targets 'phone' is not one of")])
def test_what_ptq_refuses(options, said):
    with pytest.raises(ConfigError, match=said):
        STEPS.build({"name": "PTQ", **options}, "slim.steps.0")


@pytest.mark.parametrize("corrected", [False, True])
def test_ptq_writes_int8_files_into_the_artefact_of_the_step(copied, trained, tmp_path, corrected):
    pytest.importorskip("paddleslim")
    _, config, classes, _ = restore(trained)
    options = {"count": 6, "max_drop": 0.5, "bias_correction": corrected, "targets": ["paddle"]}
    step = STEPS.build({"name": "PTQ", **options})
    step.deploy(copied, Context(config, classes, tmp_path, silent))
    assert read(copied).deploy["quantization"]["algo"] == "avg" and read(copied).has("int8/inference.pdmodel")
