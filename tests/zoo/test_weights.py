"""The table of published weights, and the cache that keeps them."""

import hashlib
import re

import numpy as np
import pytest

from ppmobile import zoo
from ppmobile.arrays import write_arrays
from ppmobile.errors import CheckpointError, ConfigError
from ppmobile.zoo import weights as module

PART = {"name": "PPLCNet", "scale": 1.0}


@pytest.fixture
def origin(tmp_path, monkeypatch):
    """A file of weights that stands for PPLCNet_x1_0 in the table, and an own cache."""
    path = tmp_path / "origin" / "PPLCNet_x1_0_pretrained.pdparams"
    write_arrays(path, {"w": np.arange(5, dtype="float32")})
    entry = {"backbone": PART, "imagenet": {"url": path.as_uri()}}
    monkeypatch.setattr(module, "table", lambda: {"PPLCNet_x1_0": entry})
    monkeypatch.setenv("PPMOBILE_HOME", str(tmp_path / "home é"))
    return path


def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("PPMOBILE_HOME", str(tmp_path))
    assert zoo.cache_folder() == tmp_path / "weights"
    monkeypatch.delenv("PPMOBILE_HOME")
    assert zoo.cache_folder().parts[-3:] == (".cache", "ppmobile", "weights")


def test_first_use_downloads_and_records_later_uses_check(origin, tmp_path):
    path = zoo.fetch("PPLCNet_x1_0")
    assert path == tmp_path / "home é" / "weights" / origin.name and path.read_bytes() == origin.read_bytes()
    record = path.with_name(f"{path.name}.sha256")
    assert record.read_text(encoding="utf-8") == f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
    origin.unlink()
    assert zoo.fetch("PPLCNet_x1_0") == path
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CheckpointError, match=f"changed since it was downloaded.*delete it and {record.name}"):
        zoo.fetch("PPLCNet_x1_0")


def test_file_put_by_hand_is_taken_and_recorded(origin, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / origin.name).write_bytes(origin.read_bytes())
    origin.unlink()
    assert zoo.fetch("PPLCNet_x1_0", folder=folder) == folder / origin.name
    assert (folder / f"{origin.name}.sha256").is_file()


def test_sha256_of_the_table_is_enforced_on_download_and_on_use(origin, tmp_path):
    entry = module.table()["PPLCNet_x1_0"]["imagenet"]
    entry["sha256"] = "0" * 64
    with pytest.raises(CheckpointError, match="expected 0{64}: refused"):
        zoo.fetch("PPLCNet_x1_0")
    assert not list((tmp_path / "home é" / "weights").iterdir())
    entry["sha256"] = hashlib.sha256(origin.read_bytes()).hexdigest()
    path = zoo.fetch("PPLCNet_x1_0")
    path.write_bytes(b"x")
    with pytest.raises(CheckpointError, match="changed since"):
        zoo.fetch("PPLCNet_x1_0")


def test_offline(origin, tmp_path, monkeypatch):
    monkeypatch.setattr("ppmobile.zoo.download.PAUSE", 0.0)
    url = origin.as_uri()
    origin.unlink()
    with pytest.raises(CheckpointError) as caught:
        zoo.fetch("PPLCNet_x1_0")
    assert url in str(caught.value)
    assert str(caught.value).endswith(f"put it at {tmp_path / 'home é' / 'weights' / origin.name}")


def test_resolve(origin, tmp_path):
    assert zoo.resolve("imagenet", PART).name == origin.name
    assert zoo.resolve(str(origin), PART) == origin
    with pytest.raises(ConfigError, match="PPLCNet_x1_0 has no published 'ssld' weights, only imagenet"):
        zoo.resolve("ssld", PART)
    with pytest.raises(CheckpointError, match="imagnet: no such file.*or one of imagenet, ssld"):
        zoo.resolve("imagnet", PART)


def test_unknown_model():
    with pytest.raises(ConfigError, match="Did you mean 'PPLCNet_x1_0'"):
        zoo.fetch("PPLCNet_x1.0")


def test_names_of_all_our_models():
    # widths of the constructors, as PaddleClas publishes them
    assert len(zoo.names()) == 8 + 1 + 4 + 6 + 2 * 5 + 1 + 3 + 2 + 1
    assert set(zoo.names("ssld")) < set(zoo.names()) == set(zoo.names("imagenet"))


@pytest.mark.parametrize("name", zoo.names())
def test_each_entry(name):
    entry = module.table()[name]
    assert zoo.official_name({**entry["backbone"], "out_strides": [8, 16]}) == name
    for variant, suffix in (("imagenet", "_pretrained"), ("ssld", "_ssld_pretrained")):
        if variant in entry:
            assert entry[variant]["url"].endswith(f"/{name}{suffix}.pdparams")
            assert re.match(r"https://paddle-imagenet-models-name\.bj\.bcebos\.com/dygraph/", entry[variant]["url"])


def test_official_name_by_default_options_and_of_unpublished_width():
    assert zoo.official_name({"name": "PPLCNet"}) == "PPLCNet_x1_0"
    assert zoo.official_name({"name": "MobileNetV2", "scale": 1}) == "MobileNetV2"
    with pytest.raises(ConfigError, match="no weights were published for PPLCNet with scale 0.3"):
        zoo.official_name({"name": "PPLCNet", "scale": 0.3})
