"""`ppmobile check` ends with the status that tells whether training would accept the data, or a target the net."""

import paddle
import pytest
import yaml
from paddle import nn

from ppmobile.cli import main
from ppmobile.models import BACKBONES


@pytest.fixture
def check(tiny, tmp_path, capsys):
    """A function that runs the command on the tiny config and returns (status, stdout, stderr)."""
    def run(*argv):
        file = tmp_path / "config.yml"
        file.write_text(yaml.safe_dump(tiny), encoding="utf-8")
        return (main(["check", "-c", str(file), *argv]), *capsys.readouterr())
    return run


def test_good_data(check):
    status, out, _ = check()
    assert status == 0
    assert [line for line in out.splitlines() if line.startswith("== ")] == [
        f"== {split}: ready to train" for split in ("train", "val", "test")]


def test_other_classes_are_reported_as_training_would(check, tiny, tmp_path):
    (tmp_path / "names.txt").write_text("a\nb\nc\nd\n", encoding="utf-8")
    tiny["data"]["val"]["labels"] = str(tmp_path / "names.txt")
    status, out, _ = check()
    assert status == 1
    assert out.splitlines()[-1].startswith("classes: data.val: its classes [a, b, c, d] are not those of data.train")


@pytest.mark.parametrize("override, place", [
    ("data=null", "data.train: is missing"), ("data.train=null", "data.train")])
def test_no_data_is_an_error_and_not_silence(check, override, place):
    status, out, err = check("-o", override)
    assert status == 2 and out == ""
    assert err.startswith("ppmobile: ConfigError: ") and place in err and err.count("\n") == 1


class Untraceable(nn.Layer):
    """A backbone that cannot be traced."""

    channels, strides, head = [3], [1], {}

    def forward(self, image):
        """The picture itself, outside of a trace."""
        if not paddle.in_dynamic_mode():
            raise TypeError("no graph of this")
        return [image]


@pytest.fixture
def untraceable():
    """Configs may name the backbone Untraceable during the test."""
    BACKBONES.names()
    BACKBONES.register(Untraceable)
    yield
    BACKBONES._members.pop("Untraceable")


@pytest.mark.parametrize("data", [(), ("-o", "data=null")])
def test_a_target_is_tried_without_the_data(check, data):
    status, out, err = check("--for", "paddle", "paddle", *data)
    assert status == 0 and err == ""
    first, second = out.splitlines()
    assert first == "untrained net, 10 classes, input [1, 3, 16, 16]"
    assert second.startswith("paddle: ok: inference.pdmodel ")


def test_a_target_that_fails_is_an_error(check, monkeypatch):
    from ppmobile.errors import ExportError
    from ppmobile.export import trial

    def convert(folder, file):
        raise ExportError("model.onnx: paddle2onnx cannot convert backbone.stem (x): y; z")

    monkeypatch.setattr(trial.onnx, "convert", convert)
    status, out, err = check("--for", "onnx", "paddle")
    assert status == 2
    assert out.splitlines()[1] == "onnx: failed: model.onnx: paddle2onnx cannot convert backbone.stem (x): y; z"
    assert out.splitlines()[2].startswith("paddle: ok")  # the others are tried all the same
    assert err.startswith("ppmobile: ExportError: the net of ") and "does not go to: onnx;" in err


def test_a_net_without_a_graph_is_an_error(check, tiny, untraceable):
    tiny["model"]["backbone"] = {"name": "Untraceable"}
    status, _, err = check("--for", "paddle")
    assert status == 2 and "the net cannot be traced to a graph: " in err and err.count("\n") == 1


def test_an_unknown_target(check, capsys):
    with pytest.raises(SystemExit) as error:
        check("--for", "tflite")
    assert error.value.code == 2 and "'tflite'" in capsys.readouterr().err
