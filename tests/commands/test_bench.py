"""`ppmobile bench ARTEFACT`: a table, files, one line for mistakes; for `bench train` see test_training.py."""

import csv
import shutil

import pytest
import yaml

from ppmobile.cli import main


def test_table_judgement_and_files(exported, tiny, tmp_path, capsys):
    config = tmp_path / "config.yml"
    config.write_text(yaml.safe_dump(tiny), encoding="utf-8")
    out = tmp_path / "out é"
    status = main(["bench", str(exported), "--runtimes", "paddle-fp32", "onnx-int8", "--runs", "10", "-c", str(config),
                   "--no-memory", "--out", str(out)])
    said = capsys.readouterr()
    assert status == 0, said.err
    assert "top-1" in said.out and "no int8/model.onnx" in said.out and "paddle-fp32 is the fastest here" in said.out
    with open(out / "bench.csv", encoding="utf-8") as file:
        paddle, onnx = csv.DictReader(file)
    assert 0 <= float(paddle["top1"]) <= 1 and float(paddle["median_ms"]) > 0 and onnx["reason"]
    assert (out / "bench.md").is_file() and (out / "bench.png").is_file()


def test_nothing_can_run(exported, capsys):
    assert main(["bench", str(exported), "--runtimes", "onnx-int8", "--runs", "1"]) == 1
    assert "nothing could run here" in capsys.readouterr().out


@pytest.mark.parametrize(("argv", "message"), [
    (["nowhere"], "nowhere: no artefact"),
    (["{exported}", "--runtimes", "openvino"], "unknown runtime 'openvino'"),
    (["{exported}", "--threads", "0"], "threads: must be at least 1"),
])
def test_mistakes_are_one_line(exported, capsys, argv, message):
    assert main(["bench", *(word.format(exported=exported) for word in argv)]) == 2
    said = capsys.readouterr().err
    assert message in said and len(said.splitlines()) == 1


def test_a_changed_artefact_and_other_classes(exported, tiny, tmp_path, capsys):
    config, folder = tmp_path / "config.yml", tmp_path / "artefact"
    labels = tmp_path / "names.txt"
    labels.write_text("a\nb\nc\n", encoding="utf-8")
    tiny["data"]["val"]["labels"] = str(labels)
    config.write_text(yaml.safe_dump(tiny), encoding="utf-8")
    assert main(["bench", str(exported), "-c", str(config)]) == 2
    assert "the first difference is class 0" in capsys.readouterr().err
    shutil.copytree(exported, folder)
    (folder / "inference.pdiparams").write_bytes(b"x")
    assert main(["bench", str(folder)]) == 2
    assert "inference.pdiparams was changed" in capsys.readouterr().err
