"""`ppmobile check` ends with the status that tells whether training would accept the data."""

import pytest
import yaml

from ppmobile.cli import main


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
