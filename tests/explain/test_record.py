"""The table of finished runs: made from the runs' own files, and replaced when it is made again."""

import pytest

from ppmobile.config import load
from ppmobile.engine.run import train
from ppmobile.errors import PPMobileError
from ppmobile.explain.record import BEGIN, END, record, record_slim


def test_a_page_gets_its_table_and_keeps_its_words(tiny, tmp_path):
    train(load(tiny), command="ppmobile train -c tiny.yml")
    page = tmp_path / "results" / "tiny.md"
    page.parent.mkdir()
    page.write_text(f"# Tiny\n\nWords before.\n\n{BEGIN}\nold table\n{END}\n\nWords after.\n", encoding="utf-8")
    record(page, [tmp_path / "run"])
    text = page.read_text(encoding="utf-8")
    assert "Words before." in text and "Words after." in text and "old table" not in text
    assert "    ppmobile train -c tiny.yml" in text and "| 24 |" in text and "at 16 px" in text
    assert (page.parent / "tiny" / "run_curves.png").is_file() and (page.parent / "tiny" / "run_metrics.csv").is_file()
    once = text
    record(page, [tmp_path / "run"])
    assert page.read_text(encoding="utf-8") == once


def test_a_run_without_val_has_an_empty_cell(tiny, tmp_path):
    tiny["data"].pop("val")
    tiny["transforms"]["eval"][0]["size"] = [16, 24]
    train(load(tiny))
    record(tmp_path / "page.md", [tmp_path / "run"])
    text = (tmp_path / "page.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if "at 16x24 px" in line)
    assert row.startswith("| run | top1 |  |  | ")


@pytest.mark.parametrize("name, text", [
    ("metrics.csv", ""), ("metrics.csv", "epoch,top1\n1,x\n"), ("run.json", "[]"), ("run.json", '{"starts": []}')])
def test_a_run_with_damaged_tables_is_named(tmp_path, name, text):
    (tmp_path / "curves.png").write_bytes(b"x")
    (tmp_path / "run.json").write_text('{"starts": [{}]}', encoding="utf-8")
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(PPMobileError, match="holds no finished run"):
        record(tmp_path / "page.md", [tmp_path])


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(PPMobileError, match="holds no finished run"):
        record(tmp_path / "page.md", [tmp_path])


def test_a_slim_page_gets_the_table_and_the_curves_of_each_training(tmp_path):
    run = tmp_path / "cells"
    for folder in ("01_slimming/training", "02_distill"):
        (run / folder).mkdir(parents=True)
        (run / folder / "curves.png").write_bytes(folder.encode())
    (run / "slim.md").write_text("| step |\n|---|\n| 01 |\n", encoding="utf-8")
    page = tmp_path / "page.md"
    record_slim(page, [run])
    text = page.read_text(encoding="utf-8")
    assert "## cells\n\n| step |\n|---|\n| 01 |\n" in text and "](page/cells_02_distill_curves.png)" in text
    assert (tmp_path / "page" / "cells_01_slimming_training_curves.png").read_bytes() == b"01_slimming/training"
    with pytest.raises(PPMobileError, match="has no slim.md"):
        record_slim(page, [tmp_path])
