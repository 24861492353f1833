"""One folder for all that is kept: every user of it sees the same one."""

from pathlib import Path

from ppmobile import doctor
from ppmobile.home import cache_home
from ppmobile.zoo import cache_folder


def test_the_home_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PPMOBILE_HOME", str(tmp_path))
    assert cache_home() == tmp_path
    monkeypatch.setenv("PPMOBILE_HOME", "")
    assert cache_home() == Path.home() / ".cache" / "ppmobile"
    monkeypatch.delenv("PPMOBILE_HOME")
    assert cache_home() == Path.home() / ".cache" / "ppmobile"


def test_all_who_use_it_agree_on_a_tilde(monkeypatch):
    monkeypatch.setenv("PPMOBILE_HOME", "~/models é")
    expected = Path.home() / "models é"
    assert cache_home() == expected
    assert cache_folder() == expected / "weights"
    assert doctor.examine().cache == expected
