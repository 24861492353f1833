"""The page of what int8 costs: its words follow the task, and what people wrote stays. Nothing is measured here."""

import sys

import pytest

from ppmobile.export import trained
from ppmobile.slim import study
from ppmobile.slim.loss import MAP50, TOP1

ROWS = [["net", "70.0%", *["-"] * 7]], [["net", "70.0%", *["-"] * 9]]


@pytest.mark.parametrize("measure, words", [(TOP1, "the share of answers that fp32 gives"), (MAP50, "IoU 0.5 or more")])
def test_the_words_of_a_task(measure, words):
    text = study.page(measure, *ROWS)
    assert f"| model | fp32 {measure.name} | ranges |" in text and f"the {measure.name} is that on the same" in text
    other, = {TOP1, MAP50} - {measure}
    assert words in text and "{" not in text and other.name not in text


@pytest.fixture
def run(monkeypatch, tmp_path):
    """A function that runs the tool with these arguments, on made-up measurements."""
    def call(*argv):
        monkeypatch.setattr(sys, "argv", ["ptq_algorithms.py", *map(str, argv)])
        monkeypatch.setattr(study, "in_process", lambda job: ROWS["algo" not in job])
        return study.main()
    return call


def test_a_page_made_anew_keeps_what_it_means(run, exported, tmp_path):
    page = tmp_path / "页 é.md"
    assert run(exported, "a.yml", "--algo", "avg", "--page", page) == 0
    first = page.read_text(encoding="utf-8")
    page.write_text(f"{first}{trained.MEANING}\n- by hand\n", encoding="utf-8")
    assert run(exported, "a.yml", "--algo", "avg", "--page", page) == 0
    assert page.read_text(encoding="utf-8") == f"{first}{trained.MEANING}\n- by hand\n"


def test_a_job_that_failed_is_told_by_the_status(run, exported, monkeypatch, capsys):
    monkeypatch.setattr(sys.modules[__name__], "ROWS", ([["net", "status 2: why"]], ROWS[1]))
    assert run(exported, "a.yml", "--algo", "avg") == 1 and "status 2: why" in capsys.readouterr().out


def test_artefacts_of_two_tasks_are_two_pages(run, exported, monkeypatch, capsys):
    measures = {"a": TOP1, "b": MAP50}
    monkeypatch.setattr(study, "measure_of", measures.get)
    with pytest.raises(SystemExit):
        run("a", "a.yml", "b", "b.yml")
    assert "of several tasks; make a page for each" in capsys.readouterr().err


def test_no_artefact_is_one_line(run, tmp_path, capsys):
    assert run(tmp_path, "a.yml") == 2 and "no artefact" in capsys.readouterr().err
