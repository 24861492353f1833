"""An export is whole or not at all, says what it cannot do, and writes nothing that belongs to this machine."""

import pytest

from ppmobile import artefact
from ppmobile.errors import ConfigError, ExportError, PPMobileError
from ppmobile.export import write


def quiet(line):
    """Where the progress lines go."""


def listing(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_what_lies_in_the_folder_and_in_deploy_yml(exported, trained):
    assert listing(exported) == ["deploy.yml", "golden.json", "golden.png", "inference.pdiparams", "inference.pdmodel"]
    found = artefact.read(exported)
    assert set(found.files) == set(listing(exported)) - {"deploy.yml"}
    assert found.deploy["postprocess"] == {"topk": 3} and found.deploy["quantization"] is None
    assert found.deploy["source"]["checkpoint"] == "best.safetensors"
    assert found.deploy["versions"]["paddlepaddle"] and found.deploy["model"]["backbone"]["name"] == "MobileNetV1"
    assert str(trained.parent) not in (exported / "deploy.yml").read_text(encoding="utf-8")


def test_paddlex_and_the_new_ir_on_request(trained, tmp_path):
    found = write.export(trained, tmp_path / "out", targets=("pir",), say=quiet)
    assert found.has("pir/inference.json", "pir/inference.pdiparams")
    with pytest.raises(ExportError, match="PaddleX 3.7 knows no model like"):
        write.export_model(*unknown(trained), tmp_path / "odd", targets=("paddlex",), say=quiet)
    assert not (tmp_path / "odd").exists()


def unknown(trained):
    """(model, config, classes) of a net of a size that nobody published."""
    from ppmobile.engine.run import restore
    from ppmobile.models.build import build_model

    _, config, classes, _ = restore(trained)
    config.model.backbone = {"name": "PPLCNetV2", "size": "small", "out_strides": [4]}
    return build_model(vars(config.model), "classify", len(classes)), config, classes


def test_a_target_that_fails_leaves_the_older_artefact(trained, copied, monkeypatch):
    before = listing(copied), artefact.read(copied).digest

    def fail(*arguments):
        raise ExportError("no such operator")

    monkeypatch.setitem(write.WRITERS, "onnx", fail)
    with pytest.raises(ExportError, match="no such operator"):
        write.export(trained, copied, targets=("onnx",), overwrite=True, say=quiet)
    assert (listing(copied), artefact.read(copied).digest) == before
    assert [path.name for path in copied.parent.iterdir()] == [copied.name]


def test_an_artefact_is_replaced_only_on_request(trained, copied):
    with pytest.raises(ExportError, match="holds an artefact already; --overwrite replaces it"):
        write.export(trained, copied, say=quiet)
    assert write.export(trained, copied, dynamic=("batch",), overwrite=True, say=quiet).shape == [-1, 3, 16, 16]


def test_files_of_the_user_inside_an_artefact_are_not_lost(trained, copied):
    (copied / "bench").mkdir()
    (copied / "bench" / "mine.csv").write_text("", encoding="utf-8")
    with pytest.raises(ExportError, match="would be replaced, with bench/mine.csv in it, which no export wrote; move"):
        write.export(trained, copied, overwrite=True, say=quiet)
    assert (copied / "bench" / "mine.csv").is_file()


def test_a_folder_with_other_things_is_never_replaced(trained, tmp_path):
    (tmp_path / "mine.txt").write_text("", encoding="utf-8")
    for target in (tmp_path, tmp_path / "mine.txt"):
        with pytest.raises(ExportError, match="there is something else than an artefact"):
            write.export(trained, target, overwrite=True, say=quiet)


@pytest.mark.parametrize("options, message", [
    ({"targets": ("onxx",)}, "--for: unknown 'onxx'. Did you mean 'onnx'?"),
    ({"dynamic": ("sice",)}, "--dynamic: unknown 'sice'. Did you mean 'size'?"),
    ({"dynamic": ("batch",), "targets": ("lite",)}, "Paddle Lite is given fixed shapes here"),
])
def test_unknown_targets(trained, tmp_path, options, message):
    with pytest.raises(ConfigError) as error:
        write.export(trained, tmp_path / "out", **options)
    assert message in str(error.value) and not (tmp_path / "out").exists()


def test_no_run_and_no_picture(trained, tmp_path):
    with pytest.raises(PPMobileError, match="gone"):
        write.export(tmp_path / "gone", tmp_path / "out", say=quiet)
    with pytest.raises(PPMobileError, match="gone.png"):
        write.export(trained, tmp_path / "out", picture=tmp_path / "gone.png", say=quiet)
    assert not (tmp_path / "out").exists()
