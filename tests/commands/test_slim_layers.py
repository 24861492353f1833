"""`ppmobile slim layers`."""

import csv

import pytest

from ppmobile.cli import main


def test_the_layers_are_printed_and_written(exported, pictures, tmp_path, capsys):
    file = tmp_path / "层.csv"
    arguments = ["slim", "layers", str(exported), "--pictures", str(pictures / "val_list.txt"), "--count", "2"]
    assert main([*arguments, "--csv", str(file)]) == 0
    said = capsys.readouterr().out
    assert "head.fc" in said and "keep_float: [" in said
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    ratios = [float(row["alone"]) for row in rows]
    assert ratios == sorted(ratios) and {"backbone.stem.conv", "head.fc"} <= {row["layer"] for row in rows}


@pytest.mark.parametrize("words, said", [([], "give -c CONFIG or --pictures FOLDER"),
                                         (["--pictures", "x", "--count", "0"], "--count must be at least 1")])
def test_wrong_arguments_are_one_line(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["slim", "layers", "folder", *words])
    assert ended.value.code == 2 and said in capsys.readouterr().err
