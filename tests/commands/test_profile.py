"""`ppmobile profile`: the layers of an artefact, a config and a run; one line for mistakes."""

import csv

import pytest
import yaml

from ppmobile.cli import main


def test_an_artefact(exported, tmp_path, capsys):
    out = tmp_path / "out é"
    assert main(["profile", str(exported), "--runs", "5", "--top", "3", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "stem.conv" in said and "more layers" in said and "a run takes" in said
    with open(out / "layers.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert any("head.fc" in str(row) for row in rows)
    assert sum(float(row["time_share"] or 0) for row in rows) == pytest.approx(1, abs=1e-4)
    assert (out / "layers.png").is_file()


def test_a_config_has_eager_times_too(tiny, tmp_path, capsys):
    config = tmp_path / "config.yml"
    config.write_text(yaml.safe_dump(tiny), encoding="utf-8")
    assert main(["profile", "-c", str(config), "--runs", "3"]) == 0
    assert "eagerly" in capsys.readouterr().out


def test_a_run_beside_its_artefact(exported, trained, capsys):
    assert main(["profile", str(exported), "-w", str(trained), "--runs", "3"]) == 0
    assert "eagerly" in capsys.readouterr().out


@pytest.mark.parametrize(("argv", "message"), [
    (["{exported}", "--runtime", "onnx-fp32"], "onnx-fp32 does not tell the time of its layers"),
    (["{exported}", "--runtime", "paddle-int8"], "no int8/inference.pdmodel"),
    (["nowhere"], "nowhere: no artefact"),
])
def test_mistakes_are_one_line(exported, capsys, argv, message):
    assert main(["profile", *(word.format(exported=exported) for word in argv)]) == 2
    said = capsys.readouterr().err
    assert message in said and len(said.splitlines()) == 1


@pytest.mark.parametrize("argv", [[], ["x", "--runs", "0"]])
def test_wrong_options(argv, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["profile", *argv])
    assert stop.value.code == 2 and len(capsys.readouterr().err.splitlines()) == 1
