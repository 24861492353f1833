"""What a run writes and prints: a damaged table does not stop it, and lines say only what matters."""

import pytest

from ppmobile.engine.logs import CsvLog, Progress


class Owner:
    """As much of a trainer as these hooks look at."""

    def __init__(self, epoch, row=None):
        self.epoch, self.batch, self.row, self.loader = epoch, 0, row or {}, [None] * 2


GOOD = "epoch,loss,top1\n1,0.5,\n2,0.25,0.75\n3,0.2,\n"


def test_a_resume_keeps_the_rows_of_the_epochs_that_are_done(tmp_path):
    table = tmp_path / "metrics.csv"
    table.write_text(GOOD, encoding="utf-8")
    log = CsvLog(table)
    log.before_train(Owner(2))
    assert [row["epoch"] for row in log.rows] == ["1", "2"]


@pytest.mark.parametrize("text, why", [
    (GOOD.replace("epoch", "time"), "no column epoch"),
    (GOOD.replace("2,0.25", "two,0.25"), "'two'"),
    (GOOD.replace("2,0.25", "2,low"), "'low'"),
    (GOOD.replace("2,0.25,0.75", "2,0.25"), "the row of epoch 2 is not as long as the first line"),
    (GOOD.replace("2,0.25,0.75", "2,0.25,0.75,1"), "the row of epoch 2 is not as long as the first line"),
    ("", "no column epoch"),
    ("epoch\n\xff", "decode"),
])
def test_a_damaged_table_is_put_aside_in_one_line(tmp_path, capsys, text, why):
    table = tmp_path / "metrics.csv"
    table.write_text(text, encoding="latin-1")
    log = CsvLog(table)
    log.before_train(Owner(2))
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and "metrics.csv: damaged (" in out and "kept as metrics.csv.bad" in out and why in out
    assert (tmp_path / "metrics.csv.bad").read_text(encoding="latin-1") == text and not table.exists()
    log.after_epoch(Owner(3, {"epoch": 3, "loss": 0.5}))
    assert table.read_text(encoding="utf-8").startswith("epoch,loss,epoch_s\n3,0.5,")


@pytest.mark.parametrize("best, end", [(True, " (best so far)"), (False, "")])
def test_the_line_of_an_epoch(capsys, best, end):
    progress = Progress(4)
    progress.before_epoch(Owner(0))
    progress.after_epoch(Owner(1, {"epoch": 1, "loss": 0.123456, "score": 0.5, "best": best}))
    assert capsys.readouterr().out == f"epoch 1/4: loss 0.1235{end}\n"
